import { Button, Card, Input, Table, type TableColumnsType } from "antd";
import { lazy, Suspense, useDeferredValue, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { AgentNow, BatchNow, BoardState, OpenTransfer, RunningCall } from "../../live/board_state";
import { LinkButton } from "../../parts/link_button";
import { Long } from "../../parts/long";
import { Since } from "../../parts/since";
import { Nothing } from "../../parts/states";
import { Label } from "../../parts/tags";
import { useMay } from "../../shell/session";

type Row = {
  call: RunningCall;
  batch: BatchNow | undefined;
  transfer: OpenTransfer | undefined;
  agent: AgentNow | undefined;
};

const Listening = lazy(() =>
  import("../../audio/listening").then((module) => ({ default: module.Listening })),
);

/** Above so many rows only those in sight are drawn. */
const MANY = 30;

export function Calls({ board }: { board: BoardState }) {
  const { t } = useTranslation("board");
  const may = useMay();
  const [wanted, setWanted] = useState("");
  const words = useDeferredValue(wanted.trim());
  const rows = useRows(board);
  const shown = useMemo(() => rows.filter((row) => fits(row, words)), [rows, words]);
  const [listensTo, setListensTo] = useState<RunningCall | null>(null);
  const columns = useColumns(may("call.supervise") ? setListensTo : null);

  return (
    <Card
      size="small"
      title={`${t("calls.title")} · ${rows.length}`}
      extra={
        rows.length > 8 && (
          <Input.Search
            allowClear
            size="small"
            style={{ width: 250 }}
            placeholder={t("calls.filter")}
            aria-label={t("calls.filter")}
            onChange={(event) => setWanted(event.target.value)}
          />
        )
      }
      styles={{ body: { padding: 0 } }}
    >
      {rows.length === 0 ? (
        <Nothing
          text={`${t("calls.none")} · ${t("calls.noneHint")}`}
          action={
            may("batch.write") ? (
              <LinkButton to="/batches/new" type="primary">
                {t("calls.newBatch")}
              </LinkButton>
            ) : (
              <LinkButton to="/batches">{t("calls.toBatches")}</LinkButton>
            )
          }
        />
      ) : (
        <Table<Row>
          size="small"
          rowKey={(row) => row.call.attempt_id}
          columns={columns}
          dataSource={shown}
          pagination={false}
          virtual={shown.length > MANY}
          scroll={shown.length > MANY ? { y: 460, x: 640 } : { x: 640 }}
          locale={{ emptyText: t("calls.noMatch") }}
        />
      )}
      {listensTo?.call_id && (
        <Suspense>
          <Listening
            callId={listensTo.call_id}
            title={listensTo.name || listensTo.phone_masked}
            onClose={() => setListensTo(null)}
          />
        </Suspense>
      )}
    </Card>
  );
}

/** A row is the same object as long as nothing in it changed, so that its cells are not drawn again. */
function useRows(board: BoardState): Row[] {
  const [known] = useState(() => new Map<string, Row>());
  return useMemo(() => {
    const transfers = new Map([...board.transfer.values()].map((each) => [each.call_id, each]));
    const rows = [...board.call.values()].map((call) => {
      const batch = board.batch.get(call.batch_id);
      const transfer = call.call_id ? transfers.get(call.call_id) : undefined;
      const before = known.get(call.attempt_id);
      const agent = board.desk.get(transfer?.agent_id ?? "");
      const now: Row = { call, batch, transfer, agent };
      if (before && unchanged(before, now)) return before;
      known.set(call.attempt_id, now);
      return now;
    });
    for (const id of known.keys()) if (!board.call.has(id)) known.delete(id);
    return rows.sort((a, b) => begun(a.call).localeCompare(begun(b.call)));
  }, [board.call, board.batch, board.transfer, board.desk, known]);
}

function unchanged(a: Row, b: Row): boolean {
  return (
    a.call === b.call && a.batch === b.batch && a.transfer === b.transfer && a.agent?.name === b.agent?.name
  );
}

function begun(call: RunningCall): string {
  return `${call.dialing_at ?? ""}${call.attempt_id}`;
}

function fits({ call, batch }: Row, words: string): boolean {
  return !words || [call.name, call.phone_masked, batch?.name ?? ""].some((text) => text.includes(words));
}

function useColumns(listen: ((call: RunningCall) => void) | null): TableColumnsType<Row> {
  const { t } = useTranslation("board");
  const { t: listening } = useTranslation("listening");
  return useMemo(
    () =>
      (
        [
          {
            title: t("calls.customer"),
            width: 96,
            render: (_, { call }) => (
              <Link to={`/customers/${call.customer_id}`}>
                <Long text={call.name} />
              </Link>
            ),
          },
          {
            title: t("calls.phone"),
            width: 112,
            render: (_, { call }) => <span className="numbers">{call.phone_masked}</span>,
          },
          {
            title: t("calls.batch"),
            ellipsis: true,
            render: (_, { call, batch }) => (
              <Link to={`/batches/${call.batch_id}`}>
                <Long text={batch?.name ?? call.batch_id} />
              </Link>
            ),
          },
          {
            title: t("calls.state"),
            width: 84,
            render: (_, { call }) => <Label of="state" name={call.state} />,
          },
          {
            title: t("calls.lasting"),
            width: 74,
            align: "right",
            render: (_, { call }) => <Since at={call.answered_at ?? call.dialing_at} />,
          },
          {
            title: t("calls.desk"),
            width: 144,
            render: (_, { transfer, agent }) =>
              transfer ? (
                <Long
                  text={[
                    t(`transferState.${transfer.state as "ringing"}`, { defaultValue: transfer.state }),
                    ...(agent ? [agent.name] : []),
                  ].join(" · ")}
                />
              ) : null,
          },
          ...(listen
            ? [
                {
                  title: listening("title"),
                  width: 98,
                  render: (_: unknown, { call }: Row) =>
                    call.call_id && call.state === "in_call" ? (
                      <Button size="small" onClick={() => listen(call)}>
                        {listening("title")}
                      </Button>
                    ) : null,
                },
              ]
            : []),
        ] satisfies TableColumnsType<Row>
      ).map((column) => ({ ...column, shouldCellUpdate: (now: Row, before: Row) => now !== before })),
    [t, listening, listen],
  );
}
