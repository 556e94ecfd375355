import { PauseCircleFilled, PlayCircleFilled } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Card, Flex, Select, Switch } from "antd";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Page } from "../../parts/page";
import { Failed, Loaded, Loading } from "../../parts/states";
import { Label } from "../../parts/tags";
import { useMay } from "../../shell/session";
import { Facts } from "./beside";
import { Notes } from "./notes";
import { RATES, usePlayer } from "./player";
import { type Peaks, peaksOf, reviewOf, type Sheet, sheetOf } from "./queries";
import { Scorecard } from "./scorecard";
import { inOrder, marksOf, turnAt } from "./time";
import { TimeLine } from "./time_line";
import { stamp, Transcript } from "./transcript";
import "./calls.css";

/** One call to hear, to read and to judge. */
export function One({ id }: { id: string }) {
  const sheet = useQuery(sheetOf(id));
  return <Loaded query={sheet}>{(known) => <Replay id={id} sheet={known} />}</Loaded>;
}

function Replay({ id, sheet }: { id: string; sheet: Sheet }) {
  const { t } = useTranslation("calls");
  const may = useMay();
  const listening = may("call.listen") && Boolean(sheet.call.recording);
  const peaks = useQuery({ ...peaksOf(id), enabled: listening });
  const review = useQuery(reviewOf(id));
  const [place, setPlace] = useState<HTMLDivElement | null>(null);
  const player = usePlayer(place, `/api/calls/${id}/recording`, peaks.data);
  const [following, setFollowing] = useState(true);
  const [noteAt, setNoteAt] = useState<number | null>(null);
  const turns = useMemo(() => inOrder(sheet.turns), [sheet.turns]);
  const notes = review.data?.notes ?? [];
  const marks = marksOf(sheet, notes);
  const now = turnAt(turns, player.at_ms);
  const whole_ms = peaks.data?.duration_ms ?? sheet.call.duration_ms;
  return (
    <Page
      title={sheet.customer.name}
      beside={
        <>
          <Label of="outcome" name={sheet.call.outcome} />
          <Link to="/calls">{t("all")}</Link>
        </>
      }
    >
      <Card size="small" style={{ marginBottom: 12 }}>
        {listening ? (
          <Sound peaks={peaks} player={player} setPlace={setPlace} whole_ms={whole_ms}>
            <Switch
              size="small"
              checked={following}
              onChange={setFollowing}
              aria-label={t("follow")}
              title={t("follow")}
            />
            <span className="soft">{t("follow")}</span>
          </Sound>
        ) : (
          <Alert type="info" showIcon title={sheet.call.recording ? t("mayNotListen") : t("noRecording")} />
        )}
        <TimeLine sheet={sheet} turns={turns} marks={marks} whole_ms={whole_ms} seek={player.seek} />
      </Card>
      <div className="replay">
        <Card size="small" title={t("transcript")} className="script-card">
          {turns.length ? (
            <Transcript
              turns={turns}
              now={now}
              following={following && player.playing}
              seek={player.seek}
              note={may("qa.review") ? setNoteAt : null}
            />
          ) : (
            <p className="soft">{t("nothingSaid")}</p>
          )}
        </Card>
        <Flex vertical gap={12}>
          <Loaded query={review}>
            {(known) => (
              <>
                <Scorecard id={id} review={known} turns={turns} seek={player.seek} />
                <Notes id={id} review={known} at={noteAt} setAt={setNoteAt} seek={player.seek} />
              </>
            )}
          </Loaded>
          <Facts sheet={sheet} />
        </Flex>
      </div>
    </Page>
  );
}

function Sound({
  peaks,
  player,
  setPlace,
  whole_ms,
  children,
}: {
  peaks: { data: Peaks | undefined; error: unknown; isPending: boolean; refetch: () => unknown };
  player: ReturnType<typeof usePlayer>;
  setPlace: (place: HTMLDivElement | null) => void;
  whole_ms: number;
  children: React.ReactNode;
}) {
  const { t } = useTranslation("calls");
  if (peaks.error && !peaks.data) return <Failed error={peaks.error} retry={() => void peaks.refetch()} />;
  return (
    <>
      <Flex gap={12} align="center" style={{ marginBottom: 8 }}>
        <Button
          type="primary"
          shape="circle"
          disabled={!peaks.data}
          icon={player.playing ? <PauseCircleFilled /> : <PlayCircleFilled />}
          aria-label={player.playing ? t("pause") : t("play")}
          onClick={player.toggle}
        />
        <span className="numbers" data-testid="clock">
          {stamp(player.at_ms)} / {stamp(whole_ms)}
        </span>
        <Select
          size="small"
          value={player.rate}
          aria-label={t("speed")}
          options={RATES.map((rate) => ({ value: rate, label: `${rate}×` }))}
          onChange={player.setRate}
        />
        <span className="soft sides">
          <i className="swatch callee" /> {t("side.callee")} <i className="swatch bot" /> {t("side.bot")}
        </span>
        <Flex gap={6} align="center" style={{ marginInlineStart: "auto" }}>
          {children}
        </Flex>
      </Flex>
      {player.failed && (
        <Alert type="warning" showIcon title={t("soundFailed")} style={{ marginBottom: 8 }} />
      )}
      <div ref={setPlace} className="waves">
        {peaks.isPending && <Loading />}
      </div>
    </>
  );
}
