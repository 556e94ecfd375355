import { CommentOutlined } from "@ant-design/icons";
import { Button, Tag, Tooltip } from "antd";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useOfferTitle } from "../../parts/named";
import { Label } from "../../parts/tags";
import { useLabel } from "../../words";
import type { Turn } from "./queries";
import { heardOf } from "./time";

/** Who said what. Follows the sound; a click on a turn takes the sound there. */
export function Transcript({
  turns,
  now,
  following,
  seek,
  note,
}: {
  turns: readonly Turn[];
  /** Index of the turn that is heard now. */
  now: number;
  following: boolean;
  seek: (ms: number) => void;
  /** Begins a note at a moment; absent where nobody may write one. */
  note: ((ms: number) => void) | null;
}) {
  const here = useRef<HTMLLIElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the turn that is heard is what it follows
  useEffect(() => {
    if (following) here.current?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }, [now, following]);
  return (
    <ol className="script">
      {turns.map((turn, index) => (
        <li
          key={turn.position}
          ref={index === now ? here : null}
          className={`turn ${turn.speaker} ${index === now ? "now" : ""}`}
          aria-current={index === now || undefined}
        >
          <One turn={turn} seek={seek} note={note} />
        </li>
      ))}
    </ol>
  );
}

function One({
  turn,
  seek,
  note,
}: {
  turn: Turn;
  seek: (ms: number) => void;
  note: ((ms: number) => void) | null;
}) {
  const { t } = useTranslation("calls");
  const { t: common } = useTranslation();
  const offerTitle = useOfferTitle();
  const label = useLabel();
  const { heard, unheard } = heardOf(turn);
  const slots = Object.entries(turn.slots ?? {});
  return (
    <>
      <button type="button" className="words" onClick={() => seek(turn.start_ms)} title={t("hearFromHere")}>
        <span className="soft numbers at">{stamp(turn.start_ms)}</span>
        <b>{label("speaker", turn.speaker)}</b>
        <span className="text">
          {heard || <i className="soft">{t("notUnderstood")}</i>}
          {unheard && (
            <s className="soft" title={t("unheard")}>
              {unheard}
            </s>
          )}
        </span>
      </button>
      <div className="about">
        {turn.speaker === "callee" && turn.intent && (
          <Tooltip
            title={
              turn.confidence === null
                ? ""
                : t("confidence", { share: Math.round((turn.confidence ?? 0) * 100) })
            }
          >
            <Tag>{label("intent", turn.intent)}</Tag>
          </Tooltip>
        )}
        {turn.speaker === "callee" && turn.emotion && turn.emotion !== "neutral" && (
          <Label of="emotion" name={turn.emotion} />
        )}
        {slots.map(([name, value]) => (
          <Tag key={name} variant="outlined">
            {common("pair", {
              name: t(`slot.${name}` as never, { defaultValue: name }),
              value: String(value),
            })}
          </Tag>
        ))}
        {turn.offers.map((offer) => (
          <Tag key={offer} color="geekblue">
            {t("offer", { offer: offerTitle(offer) })}
          </Tag>
        ))}
        {turn.interrupted && <Tag color="warning">{t("interrupted")}</Tag>}
        {note && (
          <Button
            type="text"
            size="small"
            className="add-note"
            icon={<CommentOutlined />}
            aria-label={t("addNoteHere")}
            title={t("addNoteHere")}
            onClick={() => note(turn.start_ms)}
          />
        )}
      </div>
    </>
  );
}

/** m:ss on the media clock. */
export function stamp(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
