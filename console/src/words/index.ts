/** Chinese first, English as well. Each area of the console keeps its words in a file of its own name. */

import i18next from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";
import { admin as adminEn } from "./en/admin";
import { audience as audienceEn } from "./en/audience";
import { batches as batchesEn } from "./en/batches";
import { board as boardEn } from "./en/board";
import { calls as callsEn } from "./en/calls";
import { common as commonEn } from "./en/common";
import { customers as customersEn } from "./en/customers";
import { desk as deskEn } from "./en/desk";
import { flows as flowsEn } from "./en/flows";
import { followUps as followUpsEn } from "./en/follow_ups";
import { listening as listeningEn } from "./en/listening";
import { policy as policyEn } from "./en/policy";
import { recalls as recallsEn } from "./en/recalls";
import { rules as rulesEn } from "./en/rules";
import { shell as shellEn } from "./en/shell";
import { wizard as wizardEn } from "./en/wizard";
import labelsEn from "./labels.en.json";
import labelsZh from "./labels.zh.json";
import { admin } from "./zh/admin";
import { audience } from "./zh/audience";
import { batches } from "./zh/batches";
import { board } from "./zh/board";
import { calls } from "./zh/calls";
import { common } from "./zh/common";
import { customers } from "./zh/customers";
import { desk } from "./zh/desk";
import { flows } from "./zh/flows";
import { followUps } from "./zh/follow_ups";
import { listening } from "./zh/listening";
import { policy } from "./zh/policy";
import { recalls } from "./zh/recalls";
import { rules } from "./zh/rules";
import { shell } from "./zh/shell";
import { wizard } from "./zh/wizard";

export type Language = "zh-CN" | "en";

const zh = {
  common,
  board,
  recalls,
  rules,
  audience,
  batches,
  wizard,
  calls,
  admin,
  policy,
  desk,
  followUps,
  listening,
  customers,
  flows,
  shell,
  labels: labelsZh,
};
const en: typeof zh = {
  common: commonEn,
  board: boardEn,
  recalls: recallsEn,
  rules: rulesEn,
  audience: audienceEn,
  batches: batchesEn,
  wizard: wizardEn,
  calls: callsEn,
  admin: adminEn,
  policy: policyEn,
  desk: deskEn,
  followUps: followUpsEn,
  listening: listeningEn,
  customers: customersEn,
  flows: flowsEn,
  shell: shellEn,
  labels: labelsEn,
};

const KEPT = "callbot.language";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "common";
    resources: typeof zh;
  }
}

export function keptLanguage(): Language {
  return localStorage.getItem(KEPT) === "en" ? "en" : "zh-CN";
}

export function speak(language: Language): void {
  localStorage.setItem(KEPT, language);
  document.documentElement.lang = language;
  void i18next.changeLanguage(language);
}

void i18next.use(initReactI18next).init({
  lng: keptLanguage(),
  fallbackLng: "zh-CN",
  resources: { "zh-CN": zh, en },
  defaultNS: "common",
  interpolation: { escapeValue: false },
  showSupportNotice: false,
});
document.documentElement.lang = keptLanguage();

export function useLanguage(): Language {
  return useTranslation().i18n.language === "en" ? "en" : "zh-CN";
}

type Labels = typeof labelsZh;
export type LabelTable = keyof Labels;

/** The word of a machine name, or the name itself where none is known, or a dash where there is none. */
export function useLabel(): (table: LabelTable, name: string | null | undefined) => string {
  const language = useLanguage();
  const tables: Labels = language === "en" ? labelsEn : labelsZh;
  return (table, name) => {
    if (!name) return "—";
    return (tables[table] as Record<string, string>)[name] ?? name;
  };
}

/** All words of a table, to choose from. */
export function useLabels(): (table: LabelTable) => Record<string, string> {
  const language = useLanguage();
  return (table) => (language === "en" ? labelsEn : labelsZh)[table];
}
