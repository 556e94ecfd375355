import { Tag } from "antd";
import { useTranslation } from "react-i18next";
import { useLanguage } from "../words";
import { Moment } from "./moment";

export type RuleName = keyof typeof import("../words/zh/rules").rules.name;

/** A rule of the permit in people's words. */
export function useRule(): { name: (rule: string) => string; ends: (rule: string) => string } {
  const { t } = useTranslation("rules");
  return {
    name: (rule) => (rule ? t(`name.${rule as RuleName}`, { defaultValue: rule }) : "—"),
    ends: (rule) => t(`ends.${rule as RuleName}`, { defaultValue: t("endsOtherwise") }),
  };
}

export function RuleTag({ rule }: { rule: string }) {
  const { name } = useRule();
  return rule ? <Tag title={rule}>{name(rule)}</Tag> : null;
}

/** When a block ends: its moment, or what has to change where there is none. */
export function RuleEnds({ rule, until }: { rule: string; until: string | null }) {
  const { ends } = useRule();
  return until ? <Moment at={until} /> : <span>{ends(rule)}</span>;
}

/** The server's own sentence is Chinese; in English the rule's explanation stands for it. */
export function RuleBecause({ rule, because }: { rule: string; because: string }) {
  const { t } = useTranslation("rules");
  const language = useLanguage();
  return <>{language === "en" ? t(`about.${rule as RuleName}`, { defaultValue: because }) : because}</>;
}
