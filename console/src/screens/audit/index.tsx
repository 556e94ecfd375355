import { SafetyCertificateOutlined } from "@ant-design/icons";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Alert, Button, Card, DatePicker, Flex, Input, Select, Table, type TableColumnsType } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, data } from "../../api/client";
import type { components } from "../../api/schema";
import { Long } from "../../parts/long";
import { Moment } from "../../parts/moment";
import { Page } from "../../parts/page";
import { RefusalAlert } from "../../parts/refusal";
import { Loaded, Nothing } from "../../parts/states";
import { useDetail } from "./detail";

type Entry = components["schemas"]["AuditOut"];
type Verdict = components["schemas"]["VerdictOut"];
type Filter = { action?: string; actor?: string; about_id?: string; since?: string; until?: string };
const AREAS = [
  "sign-in",
  "sign-out",
  "user",
  "token",
  "customer",
  "call",
  "review",
  "batch",
  "list",
  "recall",
  "follow_up",
  "case",
  "alarm",
  "desk",
  "import",
  "refused",
] as const;
const PAGE = 50;

/** Who did what. The log only grows; its chain can be checked here. */
export function Component() {
  const { t } = useTranslation("admin");
  const [filter, setFilter] = useState<Filter>({});
  const [page, setPage] = useState(1);
  const query = { ...filter, limit: PAGE, offset: (page - 1) * PAGE };
  const entries = useQuery({
    queryKey: ["audit", query],
    queryFn: async () => data(await api.GET("/api/audit", { params: { query } })),
    placeholderData: (earlier) => earlier,
  });
  const verify = useMutation({ mutationFn: async () => data(await api.GET("/api/audit/verify")) });
  const change = (some: Filter) => {
    setFilter((before) => ({ ...before, ...some }));
    setPage(1);
  };
  const action = useAction();
  const detail = useDetail();
  const about = useAbout();
  const columns: TableColumnsType<Entry> = [
    { title: t("audit.at"), width: 130, render: (_, entry) => <Moment at={entry.at} /> },
    { title: t("audit.actor"), width: 120, render: (_, entry) => <Long text={entry.actor || "—"} /> },
    { title: t("audit.action"), width: 160, render: (_, entry) => <Long text={action(entry.action)} /> },
    {
      title: t("audit.about"),
      width: 300,
      render: (_, entry) => <Long text={about(entry)} />,
    },
    { title: t("audit.detail"), render: (_, entry) => <Long text={detail(entry.detail)} /> },
    { title: t("audit.address"), width: 120, render: (_, entry) => <Long text={entry.address || "—"} /> },
  ];
  return (
    <Page
      title={t("audit.title")}
      actions={
        <Button
          icon={<SafetyCertificateOutlined />}
          loading={verify.isPending}
          onClick={() => verify.mutate()}
        >
          {t("audit.verify")}
        </Button>
      }
    >
      <RefusalAlert error={verify.error} />
      {verify.data && <Checked verdict={verify.data} />}
      <Card size="small" style={{ marginBottom: 12 }}>
        <Flex wrap gap={8}>
          <Select
            allowClear
            style={{ width: 180 }}
            placeholder={t("audit.area")}
            aria-label={t("audit.area")}
            options={AREAS.map((value) => ({ value, label: t(`audit.areas.${value}`) }))}
            onChange={(value?: string) => change({ action: value })}
          />
          <Input.Search
            allowClear
            style={{ width: 180 }}
            placeholder={t("audit.actor")}
            onSearch={(value) => change({ actor: value || undefined })}
          />
          <Input.Search
            allowClear
            style={{ width: 280 }}
            placeholder={t("audit.aboutId")}
            onSearch={(value) => change({ about_id: value || undefined })}
          />
          <DatePicker.RangePicker
            showTime={{ format: "HH:mm" }}
            allowEmpty={[true, true]}
            onChange={(range) =>
              change({ since: range?.[0]?.toISOString(), until: range?.[1]?.toISOString() })
            }
          />
        </Flex>
      </Card>
      <Card size="small" styles={{ body: { padding: 0 } }}>
        <Loaded query={entries}>
          {(found) => (
            <Table<Entry>
              size="small"
              tableLayout="fixed"
              rowKey="seq"
              scroll={{ x: 1040 }}
              loading={entries.isPlaceholderData}
              columns={columns}
              dataSource={found.items}
              locale={{ emptyText: <Nothing text={t("audit.none")} /> }}
              pagination={{
                current: page,
                pageSize: PAGE,
                total: found.total,
                showSizeChanger: false,
                showTotal: (total) => t("audit.total", { total }),
                onChange: setPage,
              }}
            />
          )}
        </Loaded>
      </Card>
    </Page>
  );
}

function Checked({ verdict }: { verdict: Verdict }) {
  const { t } = useTranslation("admin");
  return (
    <Alert
      closable
      showIcon
      style={{ marginBottom: 12 }}
      type={verdict.broken_at === null ? "success" : "error"}
      title={
        verdict.broken_at === null
          ? t("audit.sound", { number: verdict.entries })
          : t("audit.broken", { seq: verdict.broken_at })
      }
      description={verdict.broken_at === null ? t("audit.head", { head: verdict.head }) : verdict.why}
    />
  );
}

/** Its kind in words, and the id by which it is found. */
function useAbout(): (entry: Entry) => string {
  const { t } = useTranslation("admin");
  return ({ about_kind, about_id }) =>
    about_id
      ? `${t(`audit.kinds.${about_kind.replace("-", "_")}` as never, { defaultValue: about_kind })} ${about_id}`
      : "—";
}

function useAction(): (action: string) => string {
  const { t } = useTranslation("admin");
  return (action) => t(`audit.actions.${action.replace(/[.-]/g, "_")}` as never, { defaultValue: action });
}
