import { useTranslation } from "react-i18next";
import { useLanguage } from "../../words";
import type { Standing } from "./queries";

/** How fast it may go, what bounds it, and how far it is from the circuit breaker. */
export function Pace({ standing }: { standing: Standing }) {
  const { t } = useTranslation("batches");
  const language = useLanguage();
  const { breaker } = standing;
  return (
    <>
      <p style={{ marginTop: 0 }}>
        {t("pace.now", { busy: standing.without_human, most: standing.pace })}
        {language === "zh-CN" && <span className="soft">（{standing.pace_because}）</span>}
      </p>
      <div className="soft">
        {t("pace.breaker", { minutes: breaker.window_minutes, least: breaker.min_sample })}
      </div>
      <dl className="facts" style={{ gridTemplateColumns: "minmax(0, 1fr) max-content" }}>
        <Rate
          name={t("pace.failures")}
          part={breaker.failures}
          of={breaker.attempts}
          most={breaker.failures_percent}
        />
        <Rate
          name={t("pace.hangUps")}
          part={breaker.hang_ups}
          of={breaker.answered}
          most={breaker.hang_ups_percent}
        />
        <Rate
          name={t("pace.complaints")}
          part={breaker.complaints}
          of={breaker.answered}
          most={breaker.complaints_percent}
        />
      </dl>
    </>
  );
}

function Rate({ name, part, of, most }: { name: string; part: number; of: number; most: number }) {
  const { t } = useTranslation("batches");
  return (
    <>
      <dt>{name}</dt>
      <dd className="numbers">
        {part} / {of} <span className="soft">{t("pace.most", { most })}</span>
      </dd>
    </>
  );
}
