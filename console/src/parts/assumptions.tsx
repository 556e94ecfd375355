import { DatePicker, Form, Input, InputNumber } from "antd";
import type { Dayjs } from "dayjs";
import { useTranslation } from "react-i18next";
import type { components } from "../api/schema";
import { areSpans, spansOf } from "./spans";

type Policy = components["schemas"]["PolicyOut"];

export const CAPS = [
  "answered_per_day",
  "answered_per_7d",
  "attempts_per_24h",
  "attempts_per_30d",
  "extra_after_own_enquiry",
] as const;

export type Assumed = {
  at?: Dayjs | null;
  caps?: Partial<Record<(typeof CAPS)[number], number | null>>;
  windows?: { "mon-fri"?: string; "sat-sun"?: string };
};

/** Only what was filled in is assumed; a window of a dash means closed. */
export function changesOf(assumed: Assumed): {
  caps: Record<string, number>;
  windows: Record<string, string[]>;
} {
  const caps = Object.entries(assumed.caps ?? {}).filter(
    (each): each is [string, number] => typeof each[1] === "number",
  );
  const windows = Object.entries(assumed.windows ?? {}).flatMap(([day, text]) =>
    text?.trim() ? [[day, spansOf(text)] as const] : [],
  );
  return { caps: Object.fromEntries(caps), windows: Object.fromEntries(windows) };
}

/** The fields of a question to the policy; each shows what holds now. */
export function Assumptions({ policy }: { policy: Policy }) {
  const { t } = useTranslation("policy");
  return (
    <>
      <div className="fields">
        <Form.Item name="at" label={t("moment")}>
          <DatePicker
            showTime={{ format: "HH:mm" }}
            format="YYYY-MM-DD HH:mm"
            placeholder={t("now")}
            style={{ width: "100%" }}
          />
        </Form.Item>
        {CAPS.map((cap) => (
          <Form.Item key={cap} name={["caps", cap]} label={t(`caps.${cap}`)}>
            <InputNumber
              min={0}
              max={10_000}
              precision={0}
              style={{ width: "100%" }}
              placeholder={String(policy.caps[cap])}
            />
          </Form.Item>
        ))}
      </div>
      <div className="fields wide">
        <Spans name={["windows", "mon-fri"]} label={t("workday")} now={policy.voice.workday} />
        <Spans name={["windows", "sat-sun"]} label={t("weekend")} now={policy.voice.weekend} />
      </div>
    </>
  );
}

export function Spans({ name, label, now }: { name: string[]; label: string; now: string[] }) {
  const { t } = useTranslation("policy");
  return (
    <Form.Item
      name={name}
      label={label}
      extra={t("spansHint")}
      rules={[
        {
          validator: (_, text: string | undefined) =>
            !text?.trim() || areSpans(text) ? Promise.resolve() : Promise.reject(new Error(t("spansWrong"))),
        },
      ]}
    >
      <Input placeholder={now.join(", ") || t("closed")} />
    </Form.Item>
  );
}
