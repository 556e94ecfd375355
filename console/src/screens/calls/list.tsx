import { DownloadOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Card, Table, type TableColumnsType, Tooltip } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useNavigate, useSearchParams } from "react-router";
import { Long } from "../../parts/long";
import { length, Moment } from "../../parts/moment";
import { useFlowTitle } from "../../parts/named";
import { Page } from "../../parts/page";
import { Loaded, Nothing } from "../../parts/states";
import { Label } from "../../parts/tags";
import { useMay } from "../../shell/session";
import { useLabel } from "../../words";
import { Filters } from "./filters";
import { type CallLine, listOf } from "./queries";
import { changed, filtersOf, PAGE, pageOf, wantedOf } from "./wanted";

export function List() {
  const { t } = useTranslation("calls");
  const may = useMay();
  const label = useLabel();
  const flowTitle = useFlowTitle();
  const go = useNavigate();
  const [address, setAddress] = useSearchParams();
  const query = useQuery(listOf(wantedOf(address)));
  const columns: TableColumnsType<CallLine> = [
    {
      title: t("customer"),
      width: 190,
      render: (_, call) => (
        <>
          <Link to={`/calls/${call.id}`} onClick={(event) => event.stopPropagation()}>
            <Long text={call.name} />
          </Link>
          <div className="soft numbers">{call.phone_masked}</div>
        </>
      ),
    },
    { title: t("startedAt"), width: 150, render: (_, call) => <Moment at={call.started_at} /> },
    {
      title: t("length"),
      width: 80,
      align: "right",
      className: "numbers",
      render: (_, call) => length(call.duration_ms / 1000),
    },
    { title: t("outcome"), width: 130, render: (_, call) => <Label of="outcome" name={call.outcome} /> },
    { title: t("endedBy"), width: 100, render: (_, call) => label("endedBy", call.ended_by) },
    {
      title: t("transfer"),
      render: (_, call) =>
        call.transfer_reason ? (
          <>
            <Long text={label("transferReason", call.transfer_reason)} />
            <div className="soft">
              <Long
                text={[label("transfer", call.transfer_result), call.agent_id].filter(Boolean).join(" · ")}
              />
            </div>
          </>
        ) : (
          "—"
        ),
    },
    { title: t("flow"), width: 180, render: (_, call) => <Long text={flowTitle(call.flow)} /> },
  ];
  return (
    <Page
      title={t("title")}
      actions={
        may("call.export") && (
          <Tooltip title={t("exportHint")}>
            <Button icon={<DownloadOutlined />} href={`/api/calls.csv?${sheetAddress(address)}`} download>
              {t("export")}
            </Button>
          </Tooltip>
        )
      }
    >
      <Card size="small" style={{ marginBottom: 12 }}>
        <Filters address={address} change={(some) => setAddress(changed(address, some))} />
      </Card>
      <Card size="small" styles={{ body: { padding: 0 } }}>
        <Loaded query={query}>
          {(page) => (
            <Table<CallLine>
              size="small"
              tableLayout="fixed"
              scroll={{ x: 960 }}
              loading={query.isPlaceholderData}
              rowKey="id"
              columns={columns}
              dataSource={page.items}
              rowClassName="row-link"
              onRow={(call) => ({ onClick: () => void go(`/calls/${call.id}`) })}
              locale={{
                emptyText: <Nothing text={[...address.keys()].length ? t("noneFound") : t("none")} />,
              }}
              pagination={{
                current: pageOf(address),
                pageSize: PAGE,
                total: page.total,
                showSizeChanger: false,
                showTotal: (total) => t("total", { total }),
                onChange: (next) => setAddress(changed(address, { page: String(next) })),
              }}
            />
          )}
        </Loaded>
      </Card>
    </Page>
  );
}

function sheetAddress(address: URLSearchParams): string {
  const sheet = new URLSearchParams();
  for (const [name, value] of Object.entries(filtersOf(address)))
    for (const each of [value].flat()) sheet.append(name, String(each));
  return sheet.toString();
}
