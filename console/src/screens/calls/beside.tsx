import { Card, Descriptions } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { length, Moment } from "../../parts/moment";
import { Label } from "../../parts/tags";
import { useMay } from "../../shell/session";
import { useLabel } from "../../words";
import type { Sheet } from "./queries";

/** Who was called and what came of it. */
export function Facts({ sheet }: { sheet: Sheet }) {
  const { t } = useTranslation("calls");
  const label = useLabel();
  const may = useMay();
  const { call, customer } = sheet;
  return (
    <Card size="small" title={t("facts")}>
      <Descriptions
        size="small"
        column={1}
        items={[
          {
            label: t("customer"),
            children: may("customer.read") ? (
              <Link to={`/customers/${customer.id}`}>{customer.name}</Link>
            ) : (
              customer.name
            ),
          },
          { label: t("phone"), children: <span className="numbers">{customer.phone_masked}</span> },
          { label: t("startedAt"), children: <Moment at={call.started_at} /> },
          {
            label: t("length"),
            children: <span className="numbers">{length(call.duration_ms / 1000)}</span>,
          },
          { label: t("outcome"), children: <Label of="outcome" name={call.outcome} /> },
          { label: t("endedBy"), children: label("endedBy", call.ended_by) },
          { label: t("flow"), children: `${call.flow} · v${call.flow_version}` },
        ]}
      />
      {sheet.follow_ups.length > 0 && (
        <>
          <h3>{t("followUps")}</h3>
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
          <h3>{t("promises")}</h3>
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
          <h3>{t("transfer")}</h3>
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
