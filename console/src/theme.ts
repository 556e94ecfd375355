import type { ThemeConfig } from "antd";

/** Dense and calm: a back office is looked at all day. */
export const theme: ThemeConfig = {
  token: {
    colorPrimary: "#1456cc",
    colorTextSecondary: "rgba(31, 35, 41, 0.72)",
    borderRadius: 6,
    fontFamily:
      '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Zen Hei", system-ui, sans-serif',
  },
  components: {
    Layout: { siderBg: "#ffffff", headerBg: "#ffffff", headerHeight: 52, headerPadding: "0 20px" },
    Table: { cellPaddingBlock: 10, cellPaddingInline: 12 },
  },
};
