import { useMutation, useQuery } from "@tanstack/react-query";
import { Alert, Button, Form, Table } from "antd";
import { useTranslation } from "react-i18next";
import { api, data } from "../../api/client";
import { type Assumed, Assumptions, changesOf } from "../../parts/assumptions";
import { BrokenLimits } from "../../parts/broken_limits";
import { RefusalAlert } from "../../parts/refusal";
import { Loaded } from "../../parts/states";
import { policies } from "../policy/queries";

/** What if the policy were another one? Nothing is changed by asking. */
export function WhatIf({ id }: { id: string }) {
  const { t } = useTranslation("batches");
  const [form] = Form.useForm<Assumed>();
  const query = useQuery(policies);
  const ask = useMutation({
    mutationFn: async (assumed: Assumed) =>
      data(
        await api.POST("/api/batches/{batch_id}/what-if", {
          params: { path: { batch_id: id } },
          body: { at: assumed.at?.toISOString(), ...changesOf(assumed) },
        }),
      ),
  });
  return (
    <Loaded query={query}>
      {({ default: policy, outer }) => (
        <>
          <p className="soft" style={{ marginTop: 0 }}>
            {t("whatIf.about")}
          </p>
          <Form form={form} layout="vertical" onFinish={(assumed) => ask.mutate(assumed)}>
            <Assumptions policy={policy} />
            <Button type="primary" htmlType="submit" loading={ask.isPending}>
              {t("whatIf.ask")}
            </Button>
          </Form>
          <div style={{ marginTop: 16 }} aria-live="polite">
            <RefusalAlert error={ask.error} />
            {ask.data && (
              <>
                <BrokenLimits
                  title={t("whatIf.breaks")}
                  told={ask.data.breaks}
                  changes={changesOf(ask.variables ?? {})}
                  policy={policy}
                  outer={outer}
                />
                {ask.data.breaks.length === 0 && (
                  <Alert
                    type="success"
                    showIcon
                    style={{ marginBottom: 12 }}
                    title={t("whatIf.breaksNothing")}
                  />
                )}
                <Table
                  size="small"
                  rowKey="key"
                  pagination={false}
                  columns={[
                    { title: "", dataIndex: "name" },
                    { title: t("whatIf.before"), dataIndex: "before", align: "right" },
                    { title: t("whatIf.after"), dataIndex: "after", align: "right" },
                    {
                      title: t("whatIf.change"),
                      align: "right",
                      render: (_, row) => <b>{signed(row.after - row.before)}</b>,
                    },
                  ]}
                  dataSource={(["now", "later", "never"] as const).map((key) => ({
                    key,
                    name: t(`preview.${key}Count`),
                    before: ask.data.before[key],
                    after: ask.data.after[key],
                  }))}
                />
              </>
            )}
          </div>
        </>
      )}
    </Loaded>
  );
}

function signed(change: number): string {
  return change > 0 ? `+${change}` : String(change);
}
