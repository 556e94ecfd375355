import { PauseCircleOutlined, PlayCircleOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

/** The customer's own words as they were said, cut from the recording. */
export function Clip({ offerId }: { offerId: string }) {
  const { t } = useTranslation("desk");
  const audio = useRef<HTMLAudioElement>(null);
  const [state, setState] = useState<"still" | "playing" | "failed">("still");
  useEffect(() => () => audio.current?.pause(), []);
  const playing = state === "playing";
  const turn = () => {
    if (playing) {
      audio.current?.pause();
      return;
    }
    setState("playing");
    if (audio.current?.error) audio.current.load();
    audio.current?.play().catch(() => setState("failed"));
  };
  return (
    <span className="clip">
      <Button
        shape="circle"
        type="primary"
        ghost
        aria-label={t(playing ? "brief.stop" : "brief.play")}
        title={t(playing ? "brief.stop" : "brief.play")}
        icon={playing ? <PauseCircleOutlined aria-hidden /> : <PlayCircleOutlined aria-hidden />}
        onClick={turn}
      />
      {/* biome-ignore lint/a11y/useMediaCaption: its words stand beside it */}
      <audio
        ref={audio}
        preload="none"
        src={`/api/desk/offers/${encodeURIComponent(offerId)}/clip.wav`}
        onPause={() => setState((before) => (before === "failed" ? before : "still"))}
        onEnded={() => setState("still")}
        onError={() => setState("failed")}
      />
      {state === "failed" && (
        <span className="soft" role="status">
          {t("brief.playFailed")}
        </span>
      )}
    </span>
  );
}
