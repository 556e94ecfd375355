import { Alert, Card, Flex, Tag, Tooltip } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Meter } from "../../audio/meter";
import type { Talking } from "../../audio/talk";
import { TalkControls } from "../../audio/talk_controls";
import { length } from "../../parts/moment";
import { useNow } from "../../parts/use_now";
import { BriefCard } from "./brief_card";
import { line, useDesk } from "./line";
import { Transcript } from "./transcript";
import { unheard } from "./unheard";

/** The conversation: what one can do, who hears whom, the brief, the transcript. */
export function TalkingCard({ talk }: { talk: Talking }) {
  const { t } = useTranslation("desk");
  const { offer, said, link, telephone } = useDesk();
  const now = useNow();
  const actions = {
    mute: (on: boolean) => line.mute(on),
    hold: (on: boolean) => line.hold(on),
    handBack: (note: string) => line.handBack(note),
    hangUp: () => line.hangUp(),
  };
  return (
    <div className="columns two">
      <Card>
        <div className="talk-bar">
          <span className="talk-time numbers" role="timer">
            {length((now - talk.since) / 1_000)}
          </span>
          <TalkControls
            talk={talk}
            actions={actions}
            disabled={link !== "open"}
            byTelephone={telephone !== ""}
          />
          {telephone ? (
            <span className="soft">{t("telephone.talking", { telephone })}</span>
          ) : (
            <Flex vertical gap={4} className="meters">
              <Meter name={t("talk.customer")} of={() => line.sound?.levels.heard ?? -90} />
              <Meter name={t("talk.me")} of={() => line.sound?.levels.spoken ?? -90} />
            </Flex>
          )}
          <Standing />
        </div>
        <div className="troubles" role="status">
          {talk.muted && <Alert type="error" showIcon title={t("talk.muted")} />}
          {talk.held && <Alert type="warning" showIcon title={t("talk.held")} />}
          {talk.resumed && !talk.held && <Alert type="success" showIcon closable title={t("talk.resumed")} />}
          {talk.parties.map(({ name, mode }) => (
            <Alert key={name} type="info" showIcon title={t(`party.${mode}`, { name })} />
          ))}
          {!telephone && <Unheard talk={talk} />}
        </div>
        {offer && <BriefCard offer={offer} />}
      </Card>
      <Card title={t("transcript.title")} className="beside">
        <Transcript said={said} note={t("transcript.note")} />
      </Card>
    </div>
  );
}

/** How well the sound travels: the depth of the buffer, and what was lost. */
function Standing() {
  const { t } = useTranslation("desk");
  useNow();
  const sound = line.sound;
  if (!sound?.standing.depthMs) return null;
  const { depthMs, gaps, droppedMs } = sound.standing;
  return (
    <Tooltip title={t("talk.bufferHint", { gaps, dropped: Math.round(droppedMs), lost: sound.lost })}>
      <Tag className="numbers" color={gaps > 5 || sound.lost > 50 ? "warning" : undefined}>
        {t("talk.buffer", { depth: Math.round(depthMs) })}
      </Tag>
    </Tooltip>
  );
}

const LOOK_MS = 500;

/** Says when one speaks and the customer's side gets nothing. */
function Unheard({ talk }: { talk: Talking }) {
  const { t } = useTranslation("desk");
  const [since, setSince] = useState(0);
  const { muted, held, onTheLine } = talk;
  useEffect(() => {
    const timer = setInterval(() => {
      const silent = unheard({
        muted,
        held,
        spoken: line.sound?.levels.spoken ?? -90,
        onTheLine: onTheLine.agent,
      });
      setSince((before) => (silent === "no" ? 0 : silent === "yes" ? before + LOOK_MS : before));
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, [muted, held, onTheLine.agent]);
  return since >= 3_000 ? <Alert type="error" showIcon title={t("talk.unheard")} /> : null;
}
