import { Tooltip } from "antd";
import { useTranslation } from "react-i18next";
import { useLabel } from "../../words";
import type { Sheet, Turn } from "./queries";
import { type Mark, share } from "./time";

/** Below the waves: intents and emotions of the callee, and what happened at one moment. Each leads there. */
export function TimeLine({
  sheet,
  turns,
  marks,
  whole_ms,
  seek,
}: {
  sheet: Sheet;
  turns: readonly Turn[];
  marks: readonly Mark[];
  whole_ms: number;
  seek: (ms: number) => void;
}) {
  const { t } = useTranslation("calls");
  const { t: common } = useTranslation();
  const label = useLabel();
  const said = turns.filter((turn) => turn.speaker === "callee");
  const place = (turn: Turn) => ({
    insetInlineStart: `${share(turn.start_ms, whole_ms)}%`,
    width: `${Math.max(0.4, share(turn.end_ms, whole_ms) - share(turn.start_ms, whole_ms))}%`,
  });
  const bridged = sheet.transfers.find((transfer) => transfer.connected_at);
  return (
    <div className="lanes">
      <section className="lane" aria-label={t("intent")}>
        {said
          .filter((turn) => turn.intent)
          .map((turn) => (
            <Tooltip key={turn.position} title={label("intent", turn.intent)}>
              <button
                type="button"
                className="piece intent"
                style={place(turn)}
                aria-label={label("intent", turn.intent)}
                onClick={() => seek(turn.start_ms)}
              >
                {label("intent", turn.intent)}
              </button>
            </Tooltip>
          ))}
      </section>
      <section className="lane" aria-label={t("emotion")}>
        {said
          .filter((turn) => turn.emotion)
          .map((turn) => (
            <Tooltip key={turn.position} title={label("emotion", turn.emotion)}>
              <button
                type="button"
                className={`piece emotion ${turn.emotion ?? ""}`}
                style={place(turn)}
                aria-label={label("emotion", turn.emotion)}
                onClick={() => seek(turn.start_ms)}
              >
                {turn.emotion !== "neutral" && label("emotion", turn.emotion)}
              </button>
            </Tooltip>
          ))}
      </section>
      <section className="lane" aria-label={t("events")}>
        {marks.map((mark) => {
          const words = mark.kind === "journal" ? label("journal", mark.text) : mark.text;
          return (
            <Tooltip
              key={`${mark.kind}${mark.at_ms}${mark.text}`}
              title={common("pair", { name: t(`mark.${mark.kind}`), value: words })}
            >
              <button
                type="button"
                className={`mark ${mark.kind}`}
                style={{ insetInlineStart: `${share(mark.at_ms, whole_ms)}%` }}
                aria-label={`${t(`mark.${mark.kind}`)} ${words}`}
                onClick={() => seek(mark.at_ms)}
              />
            </Tooltip>
          );
        })}
      </section>
      <div className="legend soft">
        {(["bargeIn", "blocked", "journal", "note"] as const).map((kind) => (
          <span key={kind}>
            <i className={`mark ${kind}`} /> {t(`mark.${kind}`)}
          </span>
        ))}
        {(["positive", "hesitant", "impatient", "angry", "sad_worried"] as const).map((emotion) => (
          <span key={emotion}>
            <i className={`swatch emotion ${emotion}`} /> {label("emotion", emotion)}
          </span>
        ))}
        {bridged && <span>{t("withAgent", { agent: bridged.agent_id ?? "—" })}</span>}
      </div>
    </div>
  );
}
