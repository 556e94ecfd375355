import {
  AudioMutedOutlined,
  AudioOutlined,
  PauseOutlined,
  PhoneOutlined,
  PlayCircleOutlined,
  RobotOutlined,
} from "@ant-design/icons";
import { Button, Flex, Input, Popconfirm, Popover } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Talking } from "./talk";

export type TalkActions = {
  mute: (on: boolean) => void;
  hold: (on: boolean) => void;
  handBack: (note: string) => void;
  hangUp: () => void;
};

/** What whoever talks to the customer can do: mute, hold, hand back, hang up. */
export function TalkControls({
  talk,
  actions,
  disabled,
  byTelephone = false,
}: {
  talk: Talking;
  actions: TalkActions;
  disabled: boolean;
  /** The telephone mutes and holds. */
  byTelephone?: boolean;
}) {
  const { t } = useTranslation("desk");
  return (
    <Flex gap={8} wrap role="toolbar" aria-label={t("presence.busy")}>
      {!byTelephone && (
        <>
          <Button
            icon={talk.muted ? <AudioMutedOutlined aria-hidden /> : <AudioOutlined aria-hidden />}
            danger={talk.muted}
            aria-pressed={talk.muted}
            disabled={disabled}
            onClick={() => actions.mute(!talk.muted)}
          >
            {t(talk.muted ? "talk.unmute" : "talk.mute")}
          </Button>
          <Button
            icon={talk.held ? <PlayCircleOutlined aria-hidden /> : <PauseOutlined aria-hidden />}
            type={talk.held ? "primary" : "default"}
            aria-pressed={talk.held}
            disabled={disabled}
            onClick={() => actions.hold(!talk.held)}
          >
            {t(talk.held ? "talk.unhold" : "talk.hold")}
          </Button>
        </>
      )}
      <HandBack disabled={disabled} handBack={actions.handBack} />
      <Popconfirm
        title={t("talk.hangUpAsk")}
        okText={t("talk.hangUp")}
        okButtonProps={{ danger: true }}
        onConfirm={actions.hangUp}
      >
        <Button type="primary" danger icon={<PhoneOutlined rotate={225} aria-hidden />} disabled={disabled}>
          {t("talk.hangUp")}
        </Button>
      </Popconfirm>
    </Flex>
  );
}

function HandBack({ disabled, handBack }: { disabled: boolean; handBack: (note: string) => void }) {
  const { t } = useTranslation("desk");
  const [open, setOpen] = useState(false);
  const [note, setNote] = useState("");
  const go = () => {
    setOpen(false);
    handBack(note.trim());
  };
  return (
    <Popover
      trigger="click"
      open={open}
      onOpenChange={setOpen}
      title={t("talk.handBackHint")}
      content={
        <Flex vertical gap={8} style={{ width: 300 }}>
          <Input.TextArea
            rows={2}
            maxLength={200}
            value={note}
            autoFocus
            placeholder={t("talk.handBackNote")}
            aria-label={t("talk.handBackNote")}
            onChange={(event) => setNote(event.target.value)}
          />
          <Button type="primary" onClick={go}>
            {t("talk.handBack")}
          </Button>
        </Flex>
      }
    >
      <Button icon={<RobotOutlined aria-hidden />} disabled={disabled}>
        {t("talk.handBack")}
      </Button>
    </Popover>
  );
}
