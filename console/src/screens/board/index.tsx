import { Alert, Badge, Card } from "antd";
import { useTranslation } from "react-i18next";
import { type BoardState, nothingYet } from "../../live/board_state";
import { type Connection, useLive } from "../../live/live_board";
import { useAhead } from "../../live/server_clock";
import { Figure } from "../../parts/figure";
import { LinkButton } from "../../parts/link_button";
import { Page } from "../../parts/page";
import { Shares } from "../../parts/shares";
import { Ahead } from "../../parts/since";
import { Loading, Nothing } from "../../parts/states";
import { useMay } from "../../shell/session";
import { useLabel } from "../../words";
import { Alarms } from "./alarms";
import { Batches } from "./batches_now";
import { Calls } from "./calls";
import { Desk } from "./desk";

/** What runs at this moment. */
export function Component() {
  const { t } = useTranslation("board");
  const may = useMay();
  const { board, connection, came } = useLive();
  return (
    <Page
      title={t("title")}
      beside={<Signal connection={connection} />}
      actions={may("offer.withdraw") && <LinkButton to="/recalls">{t("recall")}</LinkButton>}
    >
      {connection === "lost" && (
        <Alert type="warning" showIcon role="status" style={{ marginBottom: 16 }} title={t("lost")} />
      )}
      <Ahead value={useAhead()}>{!came && board === nothingYet ? <Loading /> : <Now board={board} />}</Ahead>
    </Page>
  );
}

function Signal({ connection }: { connection: Connection }) {
  const { t } = useTranslation("board");
  if (connection === "open") return <Badge status="success" text={t("live")} />;
  return (
    <Badge
      status={connection === "lost" ? "error" : "processing"}
      text={connection === "lost" ? "" : t("connecting")}
    />
  );
}

function Now({ board }: { board: BoardState }) {
  return (
    <div className="stack">
      <Figures board={board} />
      <div className="columns two narrow">
        <div className="stack">
          <Calls board={board} />
          <Desk board={board} />
        </div>
        <div className="stack">
          <Alarms alarms={board.alarm} />
          <Batches batches={board.batch} />
          <Outcomes board={board} />
        </div>
      </div>
    </div>
  );
}

function Figures({ board }: { board: BoardState }) {
  const { t } = useTranslation("board");
  const today = board.figures.get("today");
  const states = { in_call: 0, dialing: 0 };
  for (const call of board.call.values()) states[call.state === "in_call" ? "in_call" : "dialing"] += 1;
  const share = today?.ended ? `${Math.round((today.answered / today.ended) * 100)}%` : "—";
  return (
    <Card size="small">
      <div className="figures">
        <Figure name={t("figures.running")} value={states.in_call} />
        <Figure name={t("figures.dialing")} value={states.dialing} />
        <Figure name={t("figures.ended")} value={today?.ended ?? 0} />
        <Figure
          name={t("figures.answered")}
          value={today?.answered ?? 0}
          hint={t("figures.answeredShare", { share })}
        />
        <Figure name={t("figures.overdue")} value={today?.overdue_follow_ups ?? 0} />
        <Figure name={t("figures.alarms")} value={today?.unseen_alarms ?? 0} />
      </div>
    </Card>
  );
}

function Outcomes({ board }: { board: BoardState }) {
  const { t } = useTranslation("board");
  const label = useLabel();
  const outcomes = board.figures.get("today")?.outcomes ?? {};
  return (
    <Card size="small" title={t("outcomes.title")}>
      {Object.keys(outcomes).length ? (
        <Shares counts={outcomes} name={(key) => label("outcome", key)} />
      ) : (
        <Nothing text={t("outcomes.none")} />
      )}
    </Card>
  );
}
