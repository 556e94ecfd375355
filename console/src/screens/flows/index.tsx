import { useQuery } from "@tanstack/react-query";
import { Card, Select, Tabs } from "antd";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, useNavigate, useParams } from "react-router";
import { useKnown } from "../../parts/known";
import { Page } from "../../parts/page";
import { Loaded, Loading, Nothing } from "../../parts/states";
import { allFlows } from "../batches/wizard/queries";
import { Always, Knowledge, Lines } from "./lists";
import { type Flow, flowOf } from "./queries";
import { StepShown } from "./step";

const Picture = lazy(async () => ({ default: (await import("./picture")).Picture }));

/** A conversation flow, to be read and not changed. */
export function Component() {
  const { t } = useTranslation("flows");
  const name = useParams()["*"] ?? "";
  const all = useQuery(allFlows);
  return (
    <Page title={t("title")} beside={all.data && <Choose name={name} flows={all.data} />}>
      <Loaded query={all}>
        {(flows) => {
          const first = flows[0];
          if (!first) return <Nothing text={t("none")} />;
          if (!name) return <Navigate to={`/flows/${first.name}`} replace />;
          const folder = flows.find((flow) => flow.name.startsWith(`${name}/`));
          if (folder && !flows.some((flow) => flow.name === name))
            return <Navigate to={`/flows/${folder.name}`} replace />;
          return <One key={name} name={name} />;
        }}
      </Loaded>
    </Page>
  );
}

function Choose({ name, flows }: { name: string; flows: { name: string; title: string }[] }) {
  const { t } = useTranslation("flows");
  const { t: common } = useTranslation();
  const go = useNavigate();
  return (
    <Select
      style={{ width: 320 }}
      value={name || undefined}
      aria-label={t("choose")}
      onChange={(to: string) => void go(`/flows/${to}`)}
      options={flows.map((flow) => ({
        value: flow.name,
        label: common("behind", { text: flow.title, more: flow.name }),
      }))}
    />
  );
}

function One({ name }: { name: string }) {
  const query = useQuery(flowOf(name));
  return <Loaded query={query}>{(flow) => <Shown flow={flow} />}</Loaded>;
}

function Shown({ flow }: { flow: Flow }) {
  const { t } = useTranslation("flows");
  const known = useKnown();
  const [chosen, choose] = useState(flow.entry);
  const step = flow.steps.find((each) => each.name === chosen);
  return (
    <div className="stack">
      <div className="soft">
        {known("industry", flow.industry || "*")} · {t("version", { version: flow.version })} ·{" "}
        {t("counts", { steps: flow.steps.length, lines: flow.lines.length })}
        <br />
        {t("about")}
      </div>
      <Card size="small" styles={{ body: { paddingTop: 0 } }}>
        <Tabs
          items={[
            {
              key: "picture",
              label: t("tabs.picture"),
              children: (
                <div className="columns two">
                  <Suspense fallback={<Loading />}>
                    <Picture flow={flow} chosen={chosen} choose={choose} />
                  </Suspense>
                  <div className="flow-step">
                    {step ? (
                      <StepShown flow={flow} step={step} choose={choose} />
                    ) : (
                      <Nothing text={t("stepNone")} />
                    )}
                  </div>
                </div>
              ),
            },
            { key: "always", label: t("tabs.always"), children: <Always flow={flow} /> },
            { key: "lines", label: t("tabs.lines"), children: <Lines flow={flow} /> },
            { key: "knowledge", label: t("tabs.knowledge"), children: <Knowledge flow={flow} /> },
          ]}
        />
      </Card>
    </div>
  );
}
