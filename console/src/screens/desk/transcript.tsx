import { ArrowDownOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Line } from "../../audio/wire";
import { length } from "../../parts/moment";
import { useLabel } from "../../words";

const NEAR = 40;

/** What was said, following the latest line until somebody scrolls up. */
export function Transcript({ said, note }: { said: readonly Line[]; note?: string }) {
  const { t } = useTranslation("desk");
  const label = useLabel();
  const box = useRef<HTMLDivElement>(null);
  const [follows, setFollows] = useState(true);
  const count = said.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new line is what it follows
  useLayoutEffect(() => {
    if (follows && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [count, follows]);
  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current as HTMLDivElement;
    setFollows(scrollHeight - scrollTop - clientHeight < NEAR);
  };
  return (
    <div className="transcript">
      <div
        className="transcript-lines"
        ref={box}
        onScroll={scrolled}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reached by keyboard
        tabIndex={0}
        role="log"
        aria-label={t("transcript.title")}
      >
        {!count && <p className="soft">{t("transcript.none")}</p>}
        {said.map((line) => (
          <div key={`${line.speaker}${line.start_ms}`} className={`said ${line.speaker}`}>
            <span className="said-by soft">
              {label("speaker", line.speaker)}{" "}
              <span className="numbers">{length(line.start_ms / 1_000)}</span>
            </span>
            <p>{line.text}</p>
          </div>
        ))}
        {note && <p className="soft">{note}</p>}
      </div>
      {!follows && (
        <Button
          className="transcript-latest"
          size="small"
          shape="round"
          icon={<ArrowDownOutlined aria-hidden />}
          onClick={() => setFollows(true)}
        >
          {t("transcript.latest")}
        </Button>
      )}
    </div>
  );
}
