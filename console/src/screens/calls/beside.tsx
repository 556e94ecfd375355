import { Card } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { length, Moment } from "../../parts/moment";
import { useFlowTitle } from "../../parts/named";
import { Label } from "../../parts/tags";
import { useMay } from "../../shell/session";
import { useLabel } from "../../words";
import type { Sheet } from "./queries";

/** Who was called and what came of it. */
export function Facts({ sheet }: { sheet: Sheet }) {
  const { t } = useTranslation("calls");
  const label = useLabel();
  const may = useMay();
  const flowTitle = useFlowTitle();
  const { t: flows } = useTranslation("flows");
  const { call, customer } = sheet;
  return (
    <Card size="small" title={t("facts")}>
      <dl className="facts">
        <dt>{t("customer")}</dt>
        <dd>
          {may("customer.read") ? (
            <Link to={`/customers/${customer.id}`}>{customer.name}</Link>
          ) : (
            customer.name
          )}
        </dd>
        <dt>{t("phone")}</dt>
        <dd className="numbers">{customer.phone_masked}</dd>
        <dt>{t("startedAt")}</dt>
        <dd>
          <Moment at={call.started_at} />
        </dd>
        <dt>{t("length")}</dt>
        <dd className="numbers">{length(call.duration_ms / 1000)}</dd>
        <dt>{t("outcome")}</dt>
        <dd>
          <Label of="outcome" name={call.outcome} />
        </dd>
        <dt>{t("endedBy")}</dt>
        <dd>{label("endedBy", call.ended_by)}</dd>
        <dt>{t("flow")}</dt>
        <dd>{`${flowTitle(call.flow)} · ${flows("version", { version: call.flow_version })}`}</dd>
      </dl>
      {sheet.follow_ups.length > 0 && (
        <>
          <h2>{t("followUps")}</h2>
          <ul className="plain">
            {sheet.follow_ups.map((one) => (
              <li key={one.id}>
                {label("followUp", one.kind)} <Label of="state" name={one.state} />
                <div className="soft">
                  {t("dueAt")} <Moment at={one.due_at} />
                </div>
              </li>
            ))}
          </ul>
        </>
      )}
      {sheet.promises.length > 0 && (
        <>
          <h2>{t("promises")}</h2>
          <ul className="plain">
            {sheet.promises.map((one) => (
              <li key={one.id}>
                {one.words} <Label of="promiseState" name={one.state} />
              </li>
            ))}
          </ul>
        </>
      )}
      {sheet.transfers.map((one) => (
        <div key={one.id}>
          <h2>{t("transfer")}</h2>
          <ul className="plain">
            <li>
              {label("transferReason", one.reason)} · {label("transfer", one.result ?? one.state)}
            </li>
            {one.agent_id && <li>{t("withAgent", { agent: one.agent_id })}</li>}
            {one.declined_reason && <li>{t("declinedBecause", { why: one.declined_reason })}</li>}
            {typeof one.wrap_up.note === "string" && one.wrap_up.note && (
              <li>{t("wrapUp", { note: one.wrap_up.note })}</li>
            )}
          </ul>
        </div>
      ))}
    </Card>
  );
}
