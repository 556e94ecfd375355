import { useQuery } from "@tanstack/react-query";
import { Card, Progress } from "antd";
import { useTranslation } from "react-i18next";
import { Moment } from "../../parts/moment";
import { useRule } from "../../parts/rule";
import { Loaded } from "../../parts/states";
import { type Budget, budgetOf } from "./queries";

/** What the caps leave of one person, over all batches and channels. */
export function BudgetGauge({ id }: { id: string }) {
  const { t } = useTranslation("customers");
  const query = useQuery(budgetOf(id));
  return (
    <Card size="small" title={t("budget.title")}>
      <Loaded query={query}>{(budget) => <Gauges budget={budget} />}</Loaded>
    </Card>
  );
}

export function Gauges({ budget }: { budget: Budget }) {
  const { t } = useTranslation("customers");
  const { name } = useRule();
  return (
    <div className="stack" style={{ gap: 8 }}>
      <b>{budget.left ? t("budget.left", { count: budget.left }) : t("budget.nothingLeft")}</b>
      {budget.gauges.map((gauge) => {
        const share = gauge.used === null || !gauge.allowed ? 100 : (gauge.used / gauge.allowed) * 100;
        return (
          <div key={gauge.rule}>
            <div className="line">
              <span className="grow">{name(gauge.rule)}</span>
              <span className="numbers">
                {t("budget.used", { used: gauge.used ?? t("budget.unknown"), allowed: gauge.allowed })}
              </span>
            </div>
            <Progress
              size="small"
              showInfo={false}
              percent={Math.min(100, share)}
              status={gauge.left ? "normal" : "exception"}
              aria-label={name(gauge.rule)}
            />
            {!gauge.left && gauge.refreshes_at && (
              <div className="soft">
                {t("budget.refreshes")}
                <Moment at={gauge.refreshes_at} />
              </div>
            )}
          </div>
        );
      })}
    </div>
  );
}
