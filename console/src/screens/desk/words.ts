import { useTranslation } from "react-i18next";
import type { desk } from "../../words/zh/desk";

type Words = typeof desk;

/** A word of the desk's protocol in the viewer's language; what no word is known for stands as it is. */
export function useDeskWord(): (table: "reason" | "mood" | "breakReason", name: string) => string {
  const { i18n } = useTranslation("desk");
  const words = i18n.getResourceBundle(i18n.language, "desk") as Words;
  return (table, name) => (words[table] as Record<string, string>)[name] ?? name;
}
