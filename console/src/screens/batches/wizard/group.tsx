import { useQueries, useQuery } from "@tanstack/react-query";
import { Table, type TableColumnsType } from "antd";
import { useTranslation } from "react-i18next";
import type { components } from "../../../api/schema";
import { useKnown } from "../../../parts/known";
import { Long } from "../../../parts/long";
import { Shares } from "../../../parts/shares";
import { Loaded, Nothing } from "../../../parts/states";
import type { Segment, TakenIn, Who } from "./plan";
import { allSegments, peopleOf } from "./queries";

type Makeup = components["schemas"]["MakeupOut"];
type Line = { segment: Segment; people: number | null };

/** Who is in the list, and which segments of it are called; or which segments of the base. */
export function Group({ who, change }: { who: Who; change: (who: Who) => void }) {
  const choose = (segments: string[]) => change({ ...who, segments });
  if (who.source === "upload" && who.taken)
    return <OfList taken={who.taken} chosen={who.segments} choose={choose} />;
  return <OfBase chosen={who.segments} choose={choose} />;
}

function OfList({
  taken,
  chosen,
  choose,
}: {
  taken: TakenIn;
  chosen: string[];
  choose: (names: string[]) => void;
}) {
  const { t } = useTranslation("wizard");
  return (
    <div className="stack">
      <b>{t("group.taken", { people: taken.people, fresh: taken.new })}</b>
      <MakeupShown makeup={taken.makeup} />
      {taken.segments.length > 0 && (
        <>
          <b>{t("group.narrow")}</b>
          <Segments lines={taken.segments} chosen={chosen} choose={choose} />
        </>
      )}
    </div>
  );
}

function OfBase({ chosen, choose }: { chosen: string[]; choose: (names: string[]) => void }) {
  const { t } = useTranslation("wizard");
  const query = useQuery(allSegments);
  const counted = useQueries({ queries: chosen.map((name) => peopleOf(name)) });
  const counts = new Map(counted.flatMap(({ data }) => (data ? [[data.segment.name, data] as const] : [])));
  const sum = [...counts.values()].reduce((total, each) => total + each.people, 0);
  return (
    <Loaded query={query}>
      {(segments) =>
        segments.length ? (
          <div className="stack">
            <span className="soft">{t("group.chooseHint")}</span>
            <Segments
              lines={segments.map((segment) => ({
                segment,
                people: counts.get(segment.name)?.people ?? null,
              }))}
              chosen={chosen}
              choose={choose}
            />
            {chosen.length > 0 && counts.size === chosen.length && (
              <b>
                {sum === 0
                  ? t("group.nobody")
                  : t(chosen.length > 1 ? "group.chosenAtMost" : "group.chosen", { count: sum })}
              </b>
            )}
            {chosen.length === 1 && counts.get(chosen[0] ?? "") && (
              <MakeupShown makeup={counts.get(chosen[0] ?? "")?.makeup as Makeup} />
            )}
          </div>
        ) : (
          <Nothing text={t("group.noSegments")} />
        )
      }
    </Loaded>
  );
}

function Segments({
  lines,
  chosen,
  choose,
}: {
  lines: Line[];
  chosen: string[];
  choose: (names: string[]) => void;
}) {
  const { t } = useTranslation("wizard");
  const known = useKnown();
  const columns: TableColumnsType<Line> = [
    { title: t("group.segment"), width: 200, render: (_, { segment }) => <Long text={segment.name} /> },
    { title: t("group.condition"), render: (_, { segment }) => <span lang="zh">{segment.explanation}</span> },
    {
      title: t("group.strategy"),
      width: 150,
      render: (_, { segment }) => (segment.strategy_name ? known("strategy", segment.strategy_name) : "—"),
    },
    { title: t("group.people"), width: 90, align: "right", render: (_, { people }) => people ?? "" },
  ];
  return (
    <Table<Line>
      size="small"
      rowKey={({ segment }) => segment.name}
      columns={columns}
      dataSource={lines}
      pagination={{ pageSize: 12, hideOnSinglePage: true, showSizeChanger: false }}
      scroll={{ x: 680 }}
      rowSelection={{
        selectedRowKeys: chosen,
        preserveSelectedRowKeys: true,
        onChange: (keys) => choose(keys.map(String)),
        getCheckboxProps: ({ segment }) => ({ "aria-label": segment.name }),
      }}
      expandable={{
        rowExpandable: ({ segment }) => Object.keys(segment.terms).length > 0,
        expandedRowRender: ({ segment }) => <Terms segment={segment} />,
      }}
    />
  );
}

export function Terms({ segment }: { segment: Segment }) {
  const known = useKnown();
  return (
    <dl className="facts">
      {Object.entries(segment.terms).map(([term, value]) => (
        <div key={term} style={{ display: "contents" }}>
          <dt>{known("term", term)}</dt>
          <dd lang="zh">{term === "channel" ? known("channel", value) : value}</dd>
        </div>
      ))}
    </dl>
  );
}

function MakeupShown({ makeup }: { makeup: Makeup }) {
  const { t } = useTranslation("wizard");
  const known = useKnown();
  return (
    <div className="makeup">
      {(
        [
          ["stages", "stage"],
          ["reasons", "reason"],
          ["strategies", "strategy"],
          ["industries", "industry"],
        ] as const
      ).map(([part, table]) => (
        <section key={part}>
          <h2>{t(`group.${part}`)}</h2>
          <Shares counts={makeup[part]} name={(key) => known(table, key)} />
        </section>
      ))}
    </div>
  );
}
