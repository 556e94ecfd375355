import { Card, Table, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Long } from "../../parts/long";
import { Moment } from "../../parts/moment";
import { useOfferTitle } from "../../parts/named";
import { Nothing } from "../../parts/states";
import type { Recall } from "./queries";

/** What was recalled, the latest first; each leads to those who had heard it. */
export function Past({ recalls, chosen }: { recalls: Recall[]; chosen: string | undefined }) {
  const { t } = useTranslation("recalls");
  return (
    <Card size="small" styles={{ body: { padding: 0 } }}>
      <Table<Recall>
        size="small"
        rowKey="id"
        dataSource={recalls}
        rowClassName={(recall) => (recall.id === chosen ? "ant-table-row-selected" : "")}
        locale={{ emptyText: <Nothing text={t("none")} /> }}
        pagination={{ pageSize: 20, hideOnSinglePage: true }}
        columns={[
          {
            title: t("what"),
            render: (_, recall) => (
              <>
                <Link to={`/recalls/${recall.id}`} aria-current={recall.id === chosen}>
                  <Tag>{t(`kinds.${recall.kind as Kind}`)}</Tag>
                  <What recall={recall} />
                </Link>
                {recall.why && (
                  <div className="soft" lang="zh">
                    {recall.why}
                  </div>
                )}
              </>
            ),
          },
          { title: t("by"), width: 110, render: (_, recall) => <Long text={recall.made_by} /> },
          { title: t("at"), width: 130, render: (_, recall) => <Moment at={recall.made_at} /> },
        ]}
      />
    </Card>
  );
}

type Kind = "offer" | "line";

/** An offer by its title, a line by its words. */
export function What({ recall }: { recall: Recall }) {
  const offerTitle = useOfferTitle();
  if (recall.kind === "line") return <span lang="zh">“{recall.value}”</span>;
  return (
    <span lang="zh">
      {offerTitle(recall.value)} <span className="soft numbers">{recall.value}</span>
    </span>
  );
}
