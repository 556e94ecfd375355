import { useQuery } from "@tanstack/react-query";
import { DatePicker, Form, Input, InputNumber } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import { CAPS } from "../../../parts/assumptions";
import { areSpans, within } from "../../../parts/spans";
import { Loaded } from "../../../parts/states";
import { policies } from "../../policy/queries";

/** When and how fast: always inside the policy. */
export function Pace() {
  const { t } = useTranslation("wizard");
  const { t: words } = useTranslation("policy");
  const query = useQuery(policies);
  return (
    <Loaded query={query}>
      {({ default: policy, outer }) => (
        <>
          <div className="fields wide">
            <Form.Item name="days" label={t("pace.days")} extra={t("pace.daysHint")}>
              <DatePicker.RangePicker allowEmpty={[true, true]} minDate={dayjs()} style={{ width: "100%" }} />
            </Form.Item>
            <Form.Item
              name="lines"
              label={t("pace.lines")}
              extra={t("pace.linesHint")}
              rules={[{ required: true }]}
            >
              <InputNumber min={1} max={1_000} precision={0} style={{ width: "100%" }} />
            </Form.Item>
            <Form.Item
              name="priority"
              label={t("pace.priority")}
              extra={t("pace.priorityHint")}
              rules={[{ required: true }]}
            >
              <InputNumber min={-1_000} max={1_000} precision={0} style={{ width: "100%" }} />
            </Form.Item>
            <Form.Item
              name="holdOut"
              label={t("pace.holdOut")}
              extra={t("pace.holdOutHint")}
              rules={[{ required: true }]}
            >
              <InputNumber min={0} max={99} style={{ width: "100%" }} />
            </Form.Item>
          </div>
          <h2>{t("pace.hours")}</h2>
          <div className="fields wide">
            {(["mon-fri", "sat-sun"] as const).map((day) => (
              <Form.Item
                key={day}
                name={["windows", day]}
                label={words(day === "mon-fri" ? "workday" : "weekend")}
                extra={words("spansHint")}
                rules={[
                  {
                    validator: (_, text: string | undefined) => {
                      if (!text?.trim()) return Promise.resolve();
                      if (!areSpans(text)) return Promise.reject(new Error(words("spansWrong")));
                      if (!within(text, outer))
                        return Promise.reject(new Error(t("pace.outside", { outer })));
                      return Promise.resolve();
                    },
                  },
                ]}
              >
                <Input
                  placeholder={`${t("pace.asPolicy")}: ${policy.voice[day === "mon-fri" ? "workday" : "weekend"].join(", ")}`}
                />
              </Form.Item>
            ))}
          </div>
          <h2>{t("pace.caps")}</h2>
          <div className="fields">
            {CAPS.map((cap) => (
              <Form.Item key={cap} name={["caps", cap]} label={words(`caps.${cap}`)}>
                <InputNumber
                  min={0}
                  max={policy.caps[cap]}
                  precision={0}
                  style={{ width: "100%" }}
                  placeholder={t("pace.most", { count: policy.caps[cap] })}
                />
              </Form.Item>
            ))}
          </div>
        </>
      )}
    </Loaded>
  );
}
