import { Alert } from "antd";
import { useTranslation } from "react-i18next";
import type { components } from "../api/schema";
import { useLanguage } from "../words";
import type { CAPS } from "./assumptions";
import { breaksOf } from "./breaks";

type Schemas = components["schemas"];

/** The outer limits that an assumption would break; `told` is the server's own Chinese. */
export function BrokenLimits({
  title,
  told,
  changes,
  policy,
  outer,
}: {
  title: string;
  told: string[];
  changes: Parameters<typeof breaksOf>[0];
  policy: Schemas["PolicyOut"];
  outer: string;
}) {
  const { t } = useTranslation("policy");
  const language = useLanguage();
  if (!told.length) return null;
  const lines =
    language === "zh-CN"
      ? told
      : breaksOf(changes, policy, outer).map((each) =>
          "cap" in each
            ? t("breakCap", { ...each, name: t(`caps.${each.cap as (typeof CAPS)[number]}`) })
            : t("breakWindow", { outer, wanted: each.window }),
        );
  return (
    <Alert
      type="warning"
      showIcon
      style={{ marginBlock: 8 }}
      title={title}
      description={lines.map((line) => <div key={line}>{line}</div>)}
    />
  );
}
