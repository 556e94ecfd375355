import { useQuery } from "@tanstack/react-query";
import { Alert, Card, Tabs } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { CAPS } from "../../parts/assumptions";
import { Figure } from "../../parts/figure";
import { useKnown } from "../../parts/known";
import { Moment } from "../../parts/moment";
import { useFlowTitle, useOfferTitle } from "../../parts/named";
import { Page } from "../../parts/page";
import { Shares } from "../../parts/shares";
import { Loaded, Nothing } from "../../parts/states";
import { Label } from "../../parts/tags";
import { useLabel } from "../../words";
import { Members } from "./members";
import { Pace } from "./pace";
import { PreviewOf } from "./preview";
import { type BatchLine, oneBatch, standing } from "./queries";
import { Steer } from "./steer";
import { WhatIf } from "./what_if";

/** One batch: how it stands, who was called, who is not and why. */
export function One({ id }: { id: string }) {
  const { t } = useTranslation("batches");
  const query = useQuery(oneBatch(id));
  return (
    <Page
      title={query.data?.batch.name ?? t("one")}
      beside={query.data && <Label of="state" name={query.data.batch.state} />}
      actions={query.data && <Steer batch={query.data.batch} />}
    >
      <Loaded query={query}>{(line) => <Shown line={line} />}</Loaded>
    </Page>
  );
}

function Shown({ line }: { line: BatchLine }) {
  const { t } = useTranslation("batches");
  const { batch } = line;
  const over = batch.state === "done" || batch.state === "cancelled";
  const now = useQuery(standing(batch.id));
  return (
    <div className="stack">
      {batch.state === "paused" && batch.paused_because && (
        <Alert
          type="error"
          showIcon
          title={t("trippedTitle")}
          description={
            <>
              <span lang="zh">{batch.paused_because}</span>
              <div className="soft">{t("trippedHint")}</div>
            </>
          }
        />
      )}
      {batch.state === "draft" && (
        <Alert type="info" showIcon title={t("draftTitle")} description={t("draftHint")} />
      )}
      <Card size="small">
        <div className="figures">
          <Figure
            name={t("members")}
            value={line.members}
            hint={t("holdOut", { percent: batch.hold_out_percent })}
          />
          <Figure
            name={t("calledNow")}
            value={`${(line.states.dialing ?? 0) + (line.states.in_call ?? 0)} / ${batch.lines}`}
            hint={t("linesHint")}
          />
          <Figure name={t("queued")} value={line.states.queued ?? 0} />
          <Figure name={t("ended")} value={(line.states.done ?? 0) + (line.states.interrupted ?? 0)} />
          <Figure name={t("notCalled")} value={now.data ? (now.data.members.never ?? 0) : "—"} />
          <Figure name={t("activated")} value={line.activated} hint={t("activatedHint")} />
        </div>
      </Card>
      <div className="columns two narrow">
        <Card size="small" styles={{ body: { paddingTop: 0 } }}>
          <Tabs
            items={[
              { key: "members", label: t("tabs.members"), children: <Members line={line} over={over} /> },
              ...(over
                ? []
                : [
                    { key: "preview", label: t("tabs.preview"), children: <PreviewOf id={batch.id} /> },
                    { key: "whatIf", label: t("tabs.whatIf"), children: <WhatIf id={batch.id} /> },
                  ]),
              { key: "history", label: t("tabs.history"), children: <History line={line} /> },
            ]}
          />
        </Card>
        <div className="stack">
          <Outcomes line={line} />
          {!over && (
            <Card size="small" title={t("pace.title")}>
              <Loaded query={now}>{(standingNow) => <Pace standing={standingNow} />}</Loaded>
            </Card>
          )}
          <Plan line={line} />
        </div>
      </div>
    </div>
  );
}

function Outcomes({ line }: { line: BatchLine }) {
  const { t } = useTranslation("batches");
  const label = useLabel();
  return (
    <Card size="small" title={t("outcomes")}>
      {Object.keys(line.outcomes).length ? (
        <Shares counts={line.outcomes} name={(key) => label("outcome", key)} />
      ) : (
        <Nothing text={t("noOutcomes")} />
      )}
    </Card>
  );
}

function Plan({ line: { batch } }: { line: BatchLine }) {
  const { t } = useTranslation("batches");
  const known = useKnown();
  const own = useOwnRules(batch.policy);
  const flowTitle = useFlowTitle();
  const offerTitle = useOfferTitle();
  const { t: common } = useTranslation();
  return (
    <Card size="small" title={t("plan.title")}>
      <dl className="facts">
        <dt>{t("flow")}</dt>
        <dd>
          <Link to={`/flows/${batch.flow}`}>{flowTitle(batch.flow)}</Link>
        </dd>
        <dt>{t("plan.purpose")}</dt>
        <dd>{known("purpose", batch.purpose)}</dd>
        <dt>{t("plan.days")}</dt>
        <dd className="numbers">
          {batch.starts_on ?? t("plan.atOnce")} – {batch.ends_on ?? t("plan.toTheEnd")}
        </dd>
        <dt>{t("plan.offers")}</dt>
        <dd>
          {batch.offers.length ? batch.offers.map(offerTitle).join(common("comma")) : t("plan.allOffers")}
        </dd>
        <dt>{t("plan.priority")}</dt>
        <dd>{batch.priority}</dd>
        <dt>{t("plan.policy")}</dt>
        <dd>{own.length ? own.map((each) => <div key={each}>{each}</div>) : t("plan.industryPolicy")}</dd>
        <dt>{t("plan.source")}</dt>
        <dd>{batch.source || "—"}</dd>
        <dt>{t("plan.by")}</dt>
        <dd>
          {batch.created_by || "—"} · <Moment at={batch.created_at} />
        </dd>
      </dl>
    </Card>
  );
}

/** The batch's own values of the policy in people's words; what no word is known for by its machine name. */
function useOwnRules(policy: BatchLine["batch"]["policy"]): string[] {
  const { t } = useTranslation("policy");
  const names: Record<string, string> = {
    "windows.mon-fri": t("workday"),
    "windows.sat-sun": t("weekend"),
    "refusal.soft_days": t("softDays"),
    "refusal.complaint_pause_days": t("pauseDays"),
    "pacing.callback_slots": t("callbackSlots"),
    "pacing.stop_without_agents": t("stopWithoutAgents"),
    ...Object.fromEntries(CAPS.map((cap) => [`caps.${cap}`, t(`caps.${cap}`)])),
  };
  return Object.entries(policy).flatMap(([block, values]) =>
    Object.entries(values as Record<string, unknown>).map(([name, value]) => {
      const shown = Array.isArray(value) ? value.join(", ") || t("closed") : String(value);
      return `${names[`${block}.${name}`] ?? `${block}.${name}`}: ${shown}`;
    }),
  );
}

function History({ line: { batch } }: { line: BatchLine }) {
  const { t } = useTranslation("batches");
  const entries = batch.history as { at: string; what: string }[];
  if (!entries.length) return <Nothing text={t("noHistory")} />;
  return (
    <dl className="facts">
      {[...entries].reverse().map((entry) => (
        <div key={`${entry.at}${entry.what}`} style={{ display: "contents" }}>
          <dt>
            <Moment at={entry.at} />
          </dt>
          <dd lang="zh">{entry.what}</dd>
        </div>
      ))}
    </dl>
  );
}
