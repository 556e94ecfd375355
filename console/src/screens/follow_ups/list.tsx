import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Card, Checkbox, Flex, Table, Tag, Tooltip } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, data } from "../../api/client";
import type { components } from "../../api/schema";
import { Long } from "../../parts/long";
import { Moment } from "../../parts/moment";
import { Loaded, Nothing } from "../../parts/states";
import { Label } from "../../parts/tags";
import { useMe } from "../../shell/session";
import { useLabel } from "../../words";
import { Reveal } from "../customers/reveal";
import { aboutOf, firstDueOf } from "./about";
import { Actions } from "./actions";
import type { View } from "./index";

export type FollowUp = components["schemas"]["FollowUpLine"];

const PAGE = 20;
const NONE = { mine: "noneMine", free: "noneFree", everything: "noneAll" } as const;

/** Follow-ups by due time, the longest due first. */
export function FollowUps({ view }: { view: Exclude<View, "cases"> }) {
  const { t } = useTranslation("followUps");
  const label = useLabel();
  const me = useMe();
  const [overdue, setOverdue] = useState(false);
  const [page, setPage] = useState(1);
  const query = useQuery({
    queryKey: ["follow-ups", view, overdue, page],
    queryFn: async () =>
      data(
        await api.GET("/api/follow-ups", {
          params: {
            query: {
              mine: view === "mine",
              free: view === "free",
              overdue,
              limit: PAGE,
              offset: (page - 1) * PAGE,
            },
          },
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
  return (
    <Card styles={{ body: { padding: 0 } }}>
      <Flex style={{ padding: "12px 16px" }}>
        <Checkbox
          checked={overdue}
          onChange={(event) => {
            setOverdue(event.target.checked);
            setPage(1);
          }}
        >
          {t("overdueOnly")}
        </Checkbox>
      </Flex>
      <Loaded query={query}>
        {({ items, total }) => (
          <Table<FollowUp>
            rowKey="id"
            dataSource={items}
            tableLayout="fixed"
            locale={{ emptyText: <Nothing text={t(NONE[view])} /> }}
            pagination={{ current: page, pageSize: PAGE, total, hideOnSinglePage: true, onChange: setPage }}
            columns={[
              {
                title: t("due"),
                width: 132,
                render: (_, row) => <Due row={row} />,
              },
              {
                title: t("customer"),
                width: 200,
                render: (_, row) => (
                  <>
                    <Link to={`/customers/${row.customer_id}`}>
                      <Long text={row.name || row.phone_masked} />
                    </Link>
                    <Flex gap={4} align="center" className="soft">
                      {row.claimed_by === me.name ? (
                        <Reveal id={row.customer_id} masked={row.phone_masked} />
                      ) : (
                        <span className="numbers">{row.phone_masked}</span>
                      )}
                    </Flex>
                  </>
                ),
              },
              {
                title: t("about"),
                render: (_, row) => (
                  <>
                    <div>{label("followUp", row.kind)}</div>
                    <Tooltip title={aboutOf(row)}>
                      <div className="soft two-lines">{aboutOf(row)}</div>
                    </Tooltip>
                  </>
                ),
              },
              {
                title: t("state"),
                width: 110,
                render: (_, row) => <Label of="state" name={row.state} />,
              },
              {
                title: t("owner"),
                width: 144,
                render: (_, row) => <Long text={row.claimed_by || label("owner", row.owner)} />,
              },
              {
                title: t("actions"),
                width: 200,
                render: (_, row) => <Actions row={row} />,
              },
            ]}
          />
        )}
      </Loaded>
    </Card>
  );
}

function Due({ row }: { row: FollowUp }) {
  const { t } = useTranslation("followUps");
  const first = firstDueOf(row);
  return (
    <>
      <Moment at={row.due_at} />
      {row.overdue && (
        <div>
          <Tag color="error">{t("overdue")}</Tag>
        </div>
      )}
      {first && (
        <div className="soft">
          <Moment at={first} />
        </div>
      )}
    </>
  );
}
