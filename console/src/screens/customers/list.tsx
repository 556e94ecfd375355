import { useQuery } from "@tanstack/react-query";
import { Card, Input, Select, Space, Table, type TableColumnsType, Tag } from "antd";
import { useDeferredValue } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useSearchParams } from "react-router";
import { useKnown } from "../../parts/known";
import { Long } from "../../parts/long";
import { Moment } from "../../parts/moment";
import { Page } from "../../parts/page";
import { Loaded, Nothing } from "../../parts/states";
import { type CustomerLine, customersLike } from "./queries";

const PAGE = 50;
const CHOICES = {
  stage: ["首次沉默", "连续沉默", "深度沉默", "活跃", "未知"],
  reason: ["需求消失", "体验受损", "价值转移", "自然流失", "未知"],
  strategy: ["优惠补偿", "内容再激活", "服务触达", "场景召回", "等级权益升级"],
} as const;

/** What is searched for stands in the address, so that the way back leads to the same list. */
export function List() {
  const { t } = useTranslation("customers");
  const known = useKnown();
  const [address, setAddress] = useSearchParams();
  const page = Math.max(1, Number(address.get("page")) || 1);
  const wanted = useDeferredValue(
    JSON.stringify({
      q: address.get("q") ?? "",
      industry: address.get("industry") ?? "",
      stage: address.getAll("stage"),
      reason: address.getAll("reason"),
      strategy: address.getAll("strategy"),
      limit: PAGE,
      offset: (page - 1) * PAGE,
    }),
  );
  const query = useQuery(customersLike(JSON.parse(wanted)));
  const put = (name: string, values: string[]) =>
    setAddress(
      (before) => {
        const next = new URLSearchParams(before);
        next.delete(name);
        next.delete("page");
        for (const value of values) if (value) next.append(name, value);
        return next;
      },
      { replace: true },
    );
  const restricted = [...address.keys()].some((key) => key !== "page");

  return (
    <Page
      title={t("title")}
      beside={query.data && <span className="soft">{t("total", { count: query.data.total })}</span>}
    >
      <Space wrap style={{ marginBottom: 12 }}>
        <Input.Search
          allowClear
          style={{ width: 280 }}
          placeholder={t("search")}
          aria-label={t("search")}
          defaultValue={address.get("q") ?? ""}
          onSearch={(text) => put("q", [text.trim()])}
        />
        <Select
          allowClear
          style={{ width: 130 }}
          placeholder={t("industry")}
          aria-label={t("industry")}
          value={address.get("industry") ?? undefined}
          onChange={(value) => put("industry", value ? [value] : [])}
          options={["ecommerce", "aesthetics", "education", "finance"].map((value) => ({
            value,
            label: known("industry", value),
          }))}
        />
        {(["stage", "reason", "strategy"] as const).map((name) => (
          <Select
            key={name}
            mode="multiple"
            allowClear
            maxTagCount="responsive"
            style={{ width: 190 }}
            placeholder={t(name)}
            aria-label={t(name)}
            value={address.getAll(name)}
            onChange={(values: string[]) => put(name, values)}
            options={CHOICES[name].map((value) => ({ value, label: known(name, value) }))}
          />
        ))}
      </Space>
      <Card size="small" styles={{ body: { padding: 0 } }}>
        <Loaded query={query}>
          {(found) =>
            found.items.length ? (
              <Lines
                lines={found.items}
                page={page}
                total={found.total}
                turn={(to) =>
                  setAddress((before) => {
                    const next = new URLSearchParams(before);
                    next.set("page", String(to));
                    return next;
                  })
                }
              />
            ) : (
              <Nothing text={restricted ? t("noMatch") : t("none")} />
            )
          }
        </Loaded>
      </Card>
    </Page>
  );
}

function Lines({
  lines,
  page,
  total,
  turn,
}: {
  lines: CustomerLine[];
  page: number;
  total: number;
  turn: (page: number) => void;
}) {
  const { t } = useTranslation("customers");
  const known = useKnown();
  const go = useNavigate();
  const columns: TableColumnsType<CustomerLine> = [
    {
      title: t("name"),
      width: 190,
      render: (_, one) => (
        <>
          <Link to={`/customers/${one.id}`}>
            <Long text={one.name} />
          </Link>
          <div className="soft numbers">
            {one.phone_masked} {!one.number_valid && <Tag color="error">{t("invalidNumber")}</Tag>}
          </div>
        </>
      ),
    },
    {
      title: t("brand"),
      render: (_, one) => (
        <>
          <Long text={one.brand} />
          <div className="soft">{known("industry", one.industry)}</div>
        </>
      ),
    },
    {
      title: t("stage"),
      render: (_, one) => (
        <>
          {known("stage", one.stage)}
          <div className="soft">{known("reason", one.reason)}</div>
        </>
      ),
    },
    { title: t("segment"), render: (_, one) => <Long text={known("segment", one.segment)} /> },
    { title: t("strategy"), render: (_, one) => <Long text={known("strategy", one.strategy)} /> },
    { title: t("region"), width: 100, render: (_, one) => <Long text={one.region} /> },
    { title: t("level"), width: 110, render: (_, one) => <Long text={one.member_level} /> },
    { title: t("priority"), width: 86, align: "right", dataIndex: "priority" },
    { title: t("nextTouch"), width: 130, render: (_, one) => <Moment at={one.next_touch_at} /> },
  ];
  return (
    <Table<CustomerLine>
      size="small"
      tableLayout="fixed"
      rowKey="id"
      columns={columns}
      dataSource={lines}
      scroll={{ x: 1_000 }}
      pagination={{
        current: page,
        pageSize: PAGE,
        total,
        onChange: turn,
        hideOnSinglePage: true,
        showSizeChanger: false,
      }}
      rowClassName="row-link"
      onRow={(one) => ({ onClick: () => void go(`/customers/${one.id}`) })}
    />
  );
}
