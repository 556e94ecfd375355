import { Card } from "antd";
import { useTranslation } from "react-i18next";
import { Figure } from "../../parts/figure";
import { useKnown } from "../../parts/known";
import { Moment } from "../../parts/moment";
import { Nothing } from "../../parts/states";
import { assessmentOf } from "./assessment";
import type { Sheet } from "./queries";

/** How long they have been quiet, why, and what speaks for it. */
export function Quiet({ customer }: { customer: Sheet["customer"] }) {
  const { t } = useTranslation("customers");
  const known = useKnown();
  if (!customer.assessed_at) {
    return (
      <Card size="small" title={t("quietTitle")}>
        <Nothing text={t("notAssessed")} />
      </Card>
    );
  }
  const found = assessmentOf(customer.assessment);
  return (
    <Card size="small" title={t("quietTitle")} extra={<Moment at={customer.assessed_at} />}>
      <div className="figures words">
        <Figure
          name={t("stage")}
          value={known("stage", customer.stage)}
          hint={found.days === null ? undefined : t("quietDays", { days: found.days })}
        />
        <Figure name={t("reason")} value={known("reason", customer.reason)} />
        <Figure
          name={t("score")}
          value={found.probability === null ? "—" : `${Math.round(found.probability * 100)}%`}
        />
        <Figure
          name={t("segment")}
          value={known("segment", customer.segment)}
          hint={<span lang="zh">{found.figures}</span>}
        />
        <Figure name={t("suggested")} value={known("strategy", customer.strategy)} />
        <Figure name={t("priority")} value={customer.priority} />
      </div>
      {found.because && (
        <p className="soft" lang="zh">
          {found.because}
        </p>
      )}
      <h2>{t("evidence")}</h2>
      {found.evidence.length ? (
        <ul className="plain-list">
          {found.evidence.map((each) => (
            <li key={`${each.at}${each.words}`}>
              {each.at && <Moment at={each.at} />} <span lang="zh">{each.words}</span>
            </li>
          ))}
        </ul>
      ) : (
        <span className="soft">{t("noEvidence")}</span>
      )}
    </Card>
  );
}
