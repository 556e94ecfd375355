import { Input, Table } from "antd";
import { useDeferredValue, useState } from "react";
import { useTranslation } from "react-i18next";
import { Nothing } from "../../parts/states";
import type { Flow, Said } from "./queries";
import { ReactionShown, Variants } from "./step";

/** What is answered at every step unless the step answers it itself. */
export function Always({ flow }: { flow: Flow }) {
  return (
    <div className="flow-lists">
      {flow.always.map((reaction) => (
        <ReactionShown key={reaction.answer} reaction={reaction} flow={flow} />
      ))}
    </div>
  );
}

export function Lines({ flow }: { flow: Flow }) {
  const { t } = useTranslation("flows");
  const [wanted, setWanted] = useState("");
  const words = useDeferredValue(wanted.trim());
  const found = flow.lines.filter(
    (line) =>
      !words || line.name.includes(words) || line.variants.some((variant) => variant.text.includes(words)),
  );
  return (
    <>
      <Input.Search
        allowClear
        style={{ width: 280, marginBottom: 12 }}
        placeholder={t("search")}
        aria-label={t("search")}
        onChange={(event) => setWanted(event.target.value)}
      />
      <Table<Said>
        size="small"
        rowKey="name"
        showHeader={false}
        dataSource={found}
        tableLayout="fixed"
        pagination={{ pageSize: 30, hideOnSinglePage: true, showSizeChanger: false }}
        locale={{ emptyText: t("noLine") }}
        columns={[
          { width: 220, className: "soft", dataIndex: "name" },
          { render: (_, line) => <Variants lines={[line]} /> },
        ]}
      />
    </>
  );
}

export function Knowledge({ flow }: { flow: Flow }) {
  const { t } = useTranslation("flows");
  if (!flow.knowledge.length) return <Nothing text={t("noKnowledge")} />;
  return (
    <Table
      size="small"
      rowKey="name"
      tableLayout="fixed"
      dataSource={flow.knowledge}
      pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
      columns={[
        {
          title: t("question"),
          render: (_, entry) => (
            <ul className="flow-words" lang="zh">
              {entry.asks.map((ask) => (
                <li key={ask}>{ask}</li>
              ))}
            </ul>
          ),
        },
        {
          title: t("answer"),
          render: (_, entry) =>
            entry.answer ? <Variants lines={[entry.answer]} /> : <span className="soft">{t("handled")}</span>,
        },
      ]}
    />
  );
}
