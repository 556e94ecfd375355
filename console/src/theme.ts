import type { ThemeConfig } from "antd";

/** Dense and calm: a back office is looked at all day. */
export const theme: ThemeConfig = {
  token: {
    colorPrimary: "#1456cc",
    colorInfo: "#1456cc",
    colorLink: "#1456cc",
    colorSuccess: "#1e7b34",
    colorWarning: "#a85d00",
    colorError: "#c9252d",
    colorInfoBg: "#eef4ff",
    colorInfoBorder: "#adc8ff",
    colorSuccessBg: "#effaf1",
    colorSuccessBorder: "#a6dab2",
    colorWarningBg: "#fff8e8",
    colorWarningBorder: "#ffd591",
    colorErrorBg: "#fff1f0",
    colorErrorBorder: "#ffc7c2",
    colorTextDescription: "rgba(31, 35, 41, 0.72)",
    colorTextPlaceholder: "rgba(31, 35, 41, 0.66)",
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
