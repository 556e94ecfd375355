import { useMutation, useQuery } from "@tanstack/react-query";
import { Alert, Button, Card, Form, Radio } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Assumed, Assumptions, changesOf } from "../../parts/assumptions";
import { BrokenLimits } from "../../parts/broken_limits";
import { useKnown } from "../../parts/known";
import { RefusalAlert } from "../../parts/refusal";
import { RuleBecause, RuleEnds, useRule } from "../../parts/rule";
import { Loaded } from "../../parts/states";
import { useMay } from "../../shell/session";
import { policies } from "../policy/queries";
import { ask, type Permit, permitOf, type Sheet } from "./queries";

type Question = Assumed & { purpose: "marketing" | "service_followup" };

/** The door's answer, and what it would be if the policy were another one. */
export function PermitAsked({ customer }: { customer: Sheet["customer"] }) {
  const { t } = useTranslation("customers");
  const may = useMay();
  const [assuming, setAssuming] = useState(false);
  const query = useQuery(permitOf(customer.id));
  return (
    <Card
      size="small"
      title={t("permit.title")}
      extra={
        may("policy.read") && (
          <Button size="small" aria-expanded={assuming} onClick={() => setAssuming(!assuming)}>
            {assuming ? t("permit.asNow") : t("permit.assume")}
          </Button>
        )
      }
    >
      <Loaded query={query}>{(found) => <Answer found={found} />}</Loaded>
      {assuming && <Assume customer={customer} />}
    </Card>
  );
}

function Answer({ found }: { found: Permit }) {
  const { t } = useTranslation("customers");
  const { name } = useRule();
  const { block } = found;
  if (!block) {
    return (
      <Alert type="success" showIcon title={t("permit.allowed")} description={t("permit.policy", found)} />
    );
  }
  return (
    <Alert
      type="error"
      showIcon
      title={`${t("permit.blocked")} · ${name(block.rule)}`}
      description={
        <>
          <div>
            <RuleBecause rule={block.rule} because={block.because} />
          </div>
          <div>
            {t("permit.ends")}
            <RuleEnds rule={block.rule} until={block.until} />
          </div>
        </>
      }
    />
  );
}

function Assume({ customer }: { customer: Sheet["customer"] }) {
  const { t } = useTranslation("customers");
  const known = useKnown();
  const query = useQuery(policies);
  const asking = useMutation({
    mutationFn: ({ purpose, ...assumed }: Question) =>
      ask(customer.id, {
        purpose,
        at: assumed.at?.toISOString() ?? null,
        batch_id: "",
        changes: filled(changesOf(assumed)),
      }),
  });
  return (
    <Loaded query={query}>
      {(found) => (
        <Form<Question>
          layout="vertical"
          size="small"
          style={{ marginTop: 12 }}
          initialValues={{ purpose: "marketing" }}
          onFinish={(question) => asking.mutate(question)}
        >
          <p className="soft">{t("permit.assumeAbout")}</p>
          <Form.Item name="purpose" label={t("permit.purpose")}>
            <Radio.Group
              options={(["marketing", "service_followup"] as const).map((value) => ({
                value,
                label: known("purpose", value),
              }))}
            />
          </Form.Item>
          <Assumptions policy={found.industries[customer.industry] ?? found.default} />
          <Button type="primary" htmlType="submit" loading={asking.isPending}>
            {t("permit.ask")}
          </Button>
          <div style={{ marginTop: 12 }} aria-live="polite">
            <RefusalAlert error={asking.error} />
            {asking.data && (
              <>
                <Answer found={asking.data} />
                <BrokenLimits
                  title={t("permit.breaks")}
                  told={asking.data.breaks}
                  changes={changesOf(asking.variables ?? {})}
                  policy={found.industries[customer.industry] ?? found.default}
                  outer={found.outer}
                />
              </>
            )}
          </div>
        </Form>
      )}
    </Loaded>
  );
}

/** Blocks without a value are no assumption. */
function filled(changes: Record<string, Record<string, unknown>>): Record<string, Record<string, unknown>> {
  return Object.fromEntries(Object.entries(changes).filter(([, values]) => Object.keys(values).length));
}
