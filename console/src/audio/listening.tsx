import { AudioOutlined, PhoneOutlined } from "@ant-design/icons";
import { Alert, App, Button, Drawer, Flex, Popconfirm, Radio } from "antd";
import { type ReactNode, useEffect, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { length } from "../parts/moment";
import { useNow } from "../parts/use_now";
import "../screens/desk/desk.css";
import { Transcript } from "../screens/desk/transcript";
import { WrapUpForm } from "../screens/desk/wrap_up_form";
import { Meter } from "./meter";
import { possible, START, type Supervising } from "./supervising";
import { SupervisorLine } from "./supervisor_line";
import type { Talking } from "./talk";
import { TalkControls } from "./talk_controls";
import type { SupervisorMode, WrapUp } from "./wire";

const MODES = ["listen", "whisper", "barge", "take_over"] as const;
const nothing = () => () => {};

/** A supervisor in a running call: muted until they say otherwise, and always told who hears whom. */
export function Listening({
  callId,
  title,
  onClose,
}: {
  callId: string;
  title: string;
  onClose: () => void;
}) {
  const { t } = useTranslation("listening");
  const { message } = App.useApp();
  const [line, setLine] = useState<SupervisorLine | null>(null);
  useEffect(() => {
    const opened = new SupervisorLine(callId);
    setLine(opened);
    void opened.open();
    return () => opened.close();
  }, [callId]);
  const now = useSyncExternalStore(line?.follow ?? nothing, () => line?.now ?? START);
  const trouble = useSyncExternalStore(line?.follow ?? nothing, () => line?.trouble ?? null);
  const refused = now.refused;
  useEffect(() => {
    if (refused) message.warning(refused.message, 6);
  }, [refused, message]);
  const running = now.link === "open" && !now.over;

  return (
    <Drawer
      open
      title={`${t("title")} · ${title}`}
      mask={false}
      size={520}
      onClose={onClose}
      extra={
        running &&
        !now.talk && (
          <Popconfirm
            title={t("endAsk")}
            description={t("endHint")}
            okText={t("end")}
            okButtonProps={{ danger: true }}
            onConfirm={() => line?.say({ type: "end" })}
          >
            <Button danger icon={<PhoneOutlined rotate={225} aria-hidden />}>
              {t("end")}
            </Button>
          </Popconfirm>
        )
      }
    >
      <Flex vertical gap={16}>
        <WhoHearsWhom now={now} />
        {trouble && <MicrophoneTroubled trouble={trouble} />}
        {running && line && (
          <>
            {now.talk ? (
              <Talks talk={now.talk} line={line} />
            ) : (
              <Modes now={now} choose={(mode) => void line.choose(mode)} />
            )}
            <Flex vertical gap={4} className="meters">
              <Meter name={t("customer")} of={() => line.sound?.levels.heard ?? -90} />
              {!now.talk && (
                <Meter
                  name={now.talksTo === "agent" ? now.agent || t("agent") : t("bot")}
                  of={() => line.sound?.levels.other ?? -90}
                />
              )}
              <Meter name={t("me")} of={() => line.sound?.levels.spoken ?? -90} />
            </Flex>
          </>
        )}
        {now.ended && line && <OwnForm ended={now.ended} line={line} />}
        {now.said.length > 0 && <Transcript said={now.said} />}
      </Flex>
    </Drawer>
  );
}

/** The one sentence that must always be true. */
function WhoHearsWhom({ now }: { now: Supervising }) {
  const { t } = useTranslation("listening");
  const { link, mode, talksTo, agent, over } = now;
  const said = (
    type: "info" | "warning" | "error",
    title: string,
    description?: string,
    icon?: ReactNode,
  ) => <Alert type={type} showIcon role="status" title={title} description={description} icon={icon} />;
  if (over) return said("info", t("over"));
  switch (link) {
    case "connecting":
      return said("info", t("connecting"));
    case "lost":
      return said("warning", t("lost"));
    case "gone":
    case "closed":
      return said("info", t("gone"));
    case "elsewhere":
      return said("warning", t("elsewhere"));
    case "refused":
    case "signed_out":
      return said("error", t("refused"), t("refusedHint"));
    case "open":
      break;
  }
  if (mode === "listen") {
    return said("info", talksTo === "agent" ? t("who.listenAgent", { agent }) : t("who.listenBot"));
  }
  const type = mode === "whisper" ? "warning" : "error";
  return said(type, t(`who.${mode}`, { agent }), undefined, <AudioOutlined aria-hidden />);
}

function MicrophoneTroubled({ trouble }: { trouble: NonNullable<SupervisorLine["trouble"]> }) {
  const { t } = useTranslation("desk");
  return (
    <Alert
      type="error"
      showIcon
      title={t(`microphone.${trouble}`)}
      description={t(`microphone.${trouble}Hint`)}
    />
  );
}

function Modes({ now, choose }: { now: Supervising; choose: (mode: SupervisorMode) => void }) {
  const { t } = useTranslation("listening");
  const hint = (mode: SupervisorMode) =>
    t(mode === "take_over" && now.talksTo === "bot" ? "modeHint.takeOverBot" : `modeHint.${mode}`);
  return (
    <div className="modes">
      <Radio.Group value={now.mode} onChange={(event) => choose(event.target.value)}>
        <Flex vertical gap={8}>
          {MODES.filter((mode) => mode !== "take_over").map((mode) => (
            <Radio key={mode} value={mode} disabled={!possible(mode, now)}>
              {t(`mode.${mode}`)} <span className="soft">{hint(mode)}</span>
            </Radio>
          ))}
        </Flex>
      </Radio.Group>
      <Popconfirm
        title={t("takeOverAsk")}
        description={hint("take_over")}
        okText={t("mode.take_over")}
        onConfirm={() => choose("take_over")}
      >
        <Button disabled={now.mode === "take_over"} style={{ marginTop: 12 }}>
          {t("mode.take_over")}
        </Button>
      </Popconfirm>
    </div>
  );
}

function Talks({ talk, line }: { talk: Talking; line: SupervisorLine }) {
  const { t } = useTranslation("desk");
  const now = useNow();
  return (
    <Flex vertical gap={8}>
      <span className="talk-time numbers" role="timer">
        {length((now - talk.since) / 1_000)}
      </span>
      <TalkControls
        talk={talk}
        disabled={false}
        actions={{
          mute: (on) => line.say({ type: "mute", on }),
          hold: (on) => line.say({ type: "hold", on }),
          handBack: (note) => line.say({ type: "hand_back", note }),
          hangUp: () => line.say({ type: "hangup" }),
        }}
      />
      {talk.muted && <Alert type="error" showIcon title={t("talk.muted")} />}
      {talk.held && <Alert type="warning" showIcon title={t("talk.held")} />}
    </Flex>
  );
}

/** The form of a supervisor who took the call over. */
function OwnForm({ ended, line }: { ended: NonNullable<Supervising["ended"]>; line: SupervisorLine }) {
  const { t } = useTranslation("desk");
  const { t: common } = useTranslation();
  const { message } = App.useApp();
  const send = (form: WrapUp) => {
    if (!line.say({ type: "wrap_up", offer_id: ended.offerId, form })) {
      message.error(common("failed"));
      return;
    }
    line.written();
    message.success(t("wrapUp.sent"));
  };
  return (
    <section>
      <h3>{t(`wrapUp.by.${ended.by}`)}</h3>
      <WrapUpForm answered={[]} busy={false} send={send} />
    </section>
  );
}
