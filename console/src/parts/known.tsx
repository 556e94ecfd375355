import { useTranslation } from "react-i18next";

type Audience = typeof import("../words/zh/audience").audience;
type Table =
  | "stage"
  | "reason"
  | "segment"
  | "strategy"
  | "industry"
  | "purpose"
  | "channel"
  | "memberState"
  | "presence"
  | "skill"
  | "term";

/** A value of the audience in the viewer's language; what no word is known for stands as it is. */
export function useKnown(): (table: Table, value: string | null | undefined) => string {
  const { t, i18n } = useTranslation("audience");
  const words = i18n.getResourceBundle(i18n.language, "audience") as Audience;
  return (table, value) => {
    if (!value) return t("notKnown");
    return (words[table] as Record<string, string>)[value] ?? value;
  };
}
