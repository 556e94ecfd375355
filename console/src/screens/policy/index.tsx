import { useQuery } from "@tanstack/react-query";
import { Alert, Card, Table, Tabs } from "antd";
import { useTranslation } from "react-i18next";
import { CAPS } from "../../parts/assumptions";
import { useKnown } from "../../parts/known";
import { Page } from "../../parts/page";
import { type RuleName, useRule } from "../../parts/rule";
import { Loaded } from "../../parts/states";
import { type Policies, type Policy, policies } from "./queries";

/** The rules that every contact has to pass. */
export function Component() {
  const { t } = useTranslation("policy");
  const query = useQuery(policies);
  return (
    <Page title={t("title")}>
      <Loaded query={query}>
        {(found) => (
          <div className="stack">
            <p className="soft" style={{ margin: 0, maxWidth: 800 }}>
              {t("about")}
            </p>
            <Alert
              type="warning"
              showIcon
              title={t("outer")}
              description={t("outerAbout", { outer: found.outer })}
            />
            <ByIndustry found={found} />
            <Rules rules={found.rules} />
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function ByIndustry({ found }: { found: Policies }) {
  const { t } = useTranslation("policy");
  const known = useKnown();
  const all: [string, string, Policy][] = [
    ["", t("industryTabs.default"), found.default],
    ...Object.entries(found.industries).map(([name, policy]): [string, string, Policy] => [
      name,
      known("industry", name),
      policy,
    ]),
  ];
  return (
    <Card size="small" styles={{ body: { paddingTop: 0 } }}>
      <Tabs
        items={all.map(([key, label, policy]) => ({
          key: key || "default",
          label,
          children: <One policy={policy} />,
        }))}
      />
    </Card>
  );
}

function One({ policy }: { policy: Policy }) {
  const { t } = useTranslation("policy");
  const spans = (each: string[]) =>
    each.length ? each.map((span) => <div key={span}>{span}</div>) : t("closed");
  const breaker = policy.breaker as Record<
    keyof typeof import("../../words/zh/policy").policy.breakerNames,
    number
  >;
  return (
    <div className="policy">
      <section>
        <h2>{t("hours")}</h2>
        <table className="plain numbers">
          <thead>
            <tr>
              <td />
              <th scope="col">{t("workday")}</th>
              <th scope="col">{t("weekend")}</th>
            </tr>
          </thead>
          <tbody>
            {(["voice", "text"] as const).map((way) => (
              <tr key={way}>
                <th scope="row">{t(way)}</th>
                <td>{spans(policy[way].workday)}</td>
                <td>{spans(policy[way].weekend)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <p className="soft">{t("holidays")}</p>
      </section>
      <Facts
        title={t("capsTitle")}
        rows={CAPS.map((cap) => [t(`caps.${cap}`), t("times", { count: policy.caps[cap] })])}
      />
      <Facts
        title={t("refusal")}
        rows={[
          [t("softDays"), t("days", { count: policy.soft_days })],
          [t("pauseDays"), t("days", { count: policy.complaint_pause_days })],
          [t("answerHours"), t("hoursCount", { count: policy.complaint_answer_hours })],
        ]}
      />
      <Facts
        title={t("pacing")}
        rows={[
          [t("callbackSlots"), String(policy.callback_slots)],
          [t("stopWithoutAgents"), policy.stop_without_agents ? t("yes") : t("no")],
          [t("version"), policy.version],
        ]}
      />
      <Facts
        title={t("breaker")}
        rows={(
          [
            "window_minutes",
            "min_sample",
            "failures_percent",
            "hang_ups_percent",
            "complaints_percent",
          ] as const
        ).map((name) => [t(`breakerNames.${name}`), String(breaker[name])])}
      />
    </div>
  );
}

function Facts({ title, rows }: { title: string; rows: [string, string][] }) {
  return (
    <section>
      <h2>{title}</h2>
      <dl className="facts">
        {rows.map(([name, value]) => (
          <div key={name} style={{ display: "contents" }}>
            <dt>{name}</dt>
            <dd className="numbers">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Rules({ rules }: { rules: string[] }) {
  const { t } = useTranslation("policy");
  const { t: words } = useTranslation("rules");
  const { name, ends } = useRule();
  return (
    <Card size="small" title={t("rules")} styles={{ body: { padding: 0 } }}>
      <Table<{ rule: string; place: number }>
        size="small"
        rowKey="rule"
        pagination={false}
        dataSource={rules.map((rule, index) => ({ rule, place: index + 1 }))}
        scroll={{ x: 640 }}
        columns={[
          { title: "#", dataIndex: "place", width: 48, align: "right" },
          { title: t("rule"), width: 200, render: (_, { rule }) => <span title={rule}>{name(rule)}</span> },
          {
            title: t("means"),
            render: (_, { rule }) => words(`about.${rule as RuleName}`, { defaultValue: rule }),
          },
          { title: t("ends"), width: 280, render: (_, { rule }) => ends(rule) },
        ]}
      />
    </Card>
  );
}
