import { useQuery } from "@tanstack/react-query";
import { Card, Table } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { Long } from "../../parts/long";
import { length, Moment } from "../../parts/moment";
import { Loaded, Nothing } from "../../parts/states";
import { Label } from "../../parts/tags";
import { type Hearer, recallOf } from "./queries";

/** Everybody who had heard what was recalled: whom to call back, or whom to keep the word that was given. */
export function Heard({ id }: { id: string }) {
  const { t } = useTranslation("recalls");
  const query = useQuery(recallOf(id));
  const count = query.data?.heard_by.length;
  return (
    <Card
      size="small"
      title={count === undefined ? t("heard") : t("heardBy", { count })}
      extra={<span className="soft">{t("heardAbout")}</span>}
      styles={{ body: { padding: 0 } }}
    >
      <Loaded query={query}>
        {({ heard_by }) => (
          <Table<Hearer>
            size="small"
            rowKey="call_id"
            dataSource={heard_by}
            tableLayout="fixed"
            locale={{ emptyText: <Nothing text={t("heardNone")} /> }}
            pagination={{ pageSize: 20, hideOnSinglePage: true }}
            columns={[
              {
                title: t("customer"),
                width: 130,
                render: (_, hearer) => (
                  <>
                    <Link to={`/customers/${hearer.customer_id}`}>
                      <Long text={hearer.name} />
                    </Link>
                    <div className="soft numbers">{hearer.phone_masked}</div>
                  </>
                ),
              },
              {
                title: t("heardWords"),
                render: (_, hearer) => (
                  <>
                    <span lang="zh">{hearer.words}</span>{" "}
                    <span className="soft numbers">{t("heardAt", { at: length(hearer.at_ms / 1_000) })}</span>
                  </>
                ),
              },
              {
                title: t("heardCall"),
                width: 128,
                render: (_, hearer) =>
                  hearer.called_at ? (
                    <Link to={`/calls/${hearer.call_id}`}>
                      <Moment at={hearer.called_at} />
                    </Link>
                  ) : (
                    <Label of="state" name="in_call" />
                  ),
              },
            ]}
          />
        )}
      </Loaded>
    </Card>
  );
}
