import { useQuery } from "@tanstack/react-query";
import { Button, Card, Flex, Form, Input, Popconfirm, Radio, Table, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, data } from "../../api/client";
import type { components } from "../../api/schema";
import { Long } from "../../parts/long";
import { Moment } from "../../parts/moment";
import { useOfferTitle } from "../../parts/named";
import { Loaded, Nothing } from "../../parts/states";
import { Label } from "../../parts/tags";
import { useMay } from "../../shell/session";
import { useLabel } from "../../words";
import { Dialog } from "./dialogs";
import { useClose } from "./use_close";

type Case = components["schemas"]["CaseLine"];

/** Complaints, the one whose answer is due first on top. */
export function Cases() {
  const { t } = useTranslation("followUps");
  const { t: common } = useTranslation();
  const label = useLabel();
  const offerTitle = useOfferTitle();
  const query = useQuery({
    queryKey: ["cases"],
    queryFn: async () => data(await api.GET("/api/cases")),
    refetchInterval: 30_000,
  });
  return (
    <Card styles={{ body: { padding: 0 } }}>
      <Loaded query={query}>
        {(cases) => (
          <Table<Case>
            rowKey="id"
            dataSource={cases}
            tableLayout="fixed"
            pagination={{ pageSize: 20, hideOnSinglePage: true }}
            locale={{ emptyText: <Nothing text={t("noneCases")} /> }}
            columns={[
              {
                title: t("answerDue"),
                width: 132,
                render: (_, row) => (
                  <>
                    <Moment at={row.answer_due_at} />
                    {row.overdue && (
                      <div>
                        <Tag color="error">{t("overdue")}</Tag>
                      </div>
                    )}
                  </>
                ),
              },
              {
                title: t("customer"),
                width: 150,
                render: (_, row) => (
                  <>
                    <Link to={`/customers/${row.customer_id}`}>
                      <Long text={row.name || row.phone_masked} />
                    </Link>
                    <div className="soft numbers">{row.phone_masked}</div>
                  </>
                ),
              },
              {
                title: t("words"),
                render: (_, row) => (
                  <>
                    <div className="two-lines" title={row.words}>
                      {row.words}
                    </div>
                    {row.answer && (
                      <div className="soft two-lines" title={row.answer}>
                        {common("pair", { name: t("answer"), value: row.answer })}
                      </div>
                    )}
                    {row.call_id && <Link to={`/calls/${row.call_id}`}>{t("call")}</Link>}
                  </>
                ),
              },
              {
                title: t("state"),
                width: 150,
                render: (_, row) => (
                  <Flex wrap gap={4}>
                    <Label of="state" name={row.state} />
                    {row.compensation_code && <Tag>{offerTitle(row.compensation_code)}</Tag>}
                  </Flex>
                ),
              },
              {
                title: t("owner"),
                width: 144,
                render: (_, row) => <Long text={label("owner", row.owner)} />,
              },
              { title: t("actions"), width: 230, render: (_, row) => <CaseActions row={row} /> },
            ]}
          />
        )}
      </Loaded>
    </Card>
  );
}

function CaseActions({ row }: { row: Case }) {
  const { t } = useTranslation("followUps");
  const may = useMay();
  const [dialog, setDialog] = useState<"answer" | "compensate" | null>(null);
  const close = useClose(row.id);
  if (!may("case.work")) return null;
  return (
    <Flex gap={8} wrap>
      {row.state === "open" && (
        <Button size="small" type="primary" onClick={() => setDialog("answer")}>
          {t("answer")}
        </Button>
      )}
      {!row.compensation_code && (
        <Button size="small" onClick={() => setDialog("compensate")}>
          {t("compensate")}
        </Button>
      )}
      {row.state === "answered" && (
        <Popconfirm title={t("closeAsk")} okText={t("close")} onConfirm={() => close.mutate()}>
          <Button size="small" loading={close.isPending}>
            {t("close")}
          </Button>
        </Popconfirm>
      )}
      {dialog === "answer" && <AnswerDialog row={row} close={() => setDialog(null)} />}
      {dialog === "compensate" && <CompensateDialog row={row} close={() => setDialog(null)} />}
    </Flex>
  );
}

function AnswerDialog({ row, close }: { row: Case; close: () => void }) {
  const { t } = useTranslation("followUps");
  return (
    <Dialog<{ text: string }>
      title={t("answerTitle", { name: row.name || row.phone_masked })}
      ok={t("answer")}
      done={t("answered")}
      close={close}
      send={async ({ text }) =>
        data(
          await api.POST("/api/cases/{case_id}/answer", {
            params: { path: { case_id: row.id } },
            body: { text: text.trim() },
          }),
        )
      }
    >
      <p className="soft">{row.words}</p>
      <Form.Item
        name="text"
        label={t("answerText")}
        rules={[{ required: true, whitespace: true, message: t("answerMissing") }]}
      >
        <Input.TextArea rows={4} maxLength={2000} autoFocus />
      </Form.Item>
    </Dialog>
  );
}

function CompensateDialog({ row, close }: { row: Case; close: () => void }) {
  const { t } = useTranslation("followUps");
  const { t: common } = useTranslation();
  const offers = useQuery({
    queryKey: ["cases", row.id, "compensations"],
    queryFn: async () =>
      data(await api.GET("/api/cases/{case_id}/compensations", { params: { path: { case_id: row.id } } })),
  });
  return (
    <Dialog<{ code: string }>
      title={t("compensateTitle", { name: row.name || row.phone_masked })}
      ok={t("compensate")}
      done={t("compensated")}
      close={close}
      send={async ({ code }) =>
        data(
          await api.POST("/api/cases/{case_id}/compensate", {
            params: { path: { case_id: row.id } },
            body: { code },
          }),
        )
      }
    >
      <Loaded query={offers}>
        {(found) =>
          found.length ? (
            <Form.Item
              name="code"
              label={t("compensation")}
              rules={[{ required: true, message: t("compensateMissing") }]}
            >
              <Radio.Group
                vertical
                options={found.map((offer) => ({
                  value: offer.code,
                  label: common("behind", { text: offer.title, more: offer.code }),
                }))}
              />
            </Form.Item>
          ) : (
            <Nothing text={t("compensateNone")} />
          )
        }
      </Loaded>
    </Dialog>
  );
}
