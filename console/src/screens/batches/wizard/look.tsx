import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Flex, Spin, Tabs } from "antd";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, data } from "../../../api/client";
import { RefusalAlert } from "../../../parts/refusal";
import { Loaded } from "../../../parts/states";
import { useMay } from "../../../shell/session";
import { PreviewShown } from "../preview";
import { at, preview } from "../queries";
import { WhatIf } from "../what_if";
import { type Fields, toSend, type Who } from "./plan";

/** The draft is made when this step is opened; whoever goes back and comes again replaces it. */
export function Look({
  who,
  fields,
  draft,
  made,
}: {
  who: Who;
  fields: Fields;
  draft: string;
  made: (id: string) => void;
}) {
  const { t } = useTranslation("wizard");
  const queries = useQueryClient();
  const begun = useRef(false);
  const make = useMutation({
    mutationFn: async () => data(await api.POST("/api/batches", { body: toSend(who, fields, draft) })),
    onSuccess: ({ batch_id }) => {
      made(batch_id);
      void queries.invalidateQueries({ queryKey: ["batches"], exact: true });
    },
  });
  const { mutate } = make;
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    mutate();
  }, [mutate]);

  if (make.error) {
    return (
      <>
        <RefusalAlert error={make.error} title={t("look.wrong")} />
        <p className="soft">{t("look.wrongHint")}</p>
      </>
    );
  }
  if (!make.data) {
    return (
      <Flex vertical align="center" gap={12} style={{ padding: 64 }} role="status">
        <Spin />
        {t("look.making")}
      </Flex>
    );
  }
  return <Made id={make.data.batch_id} />;
}

function Made({ id }: { id: string }) {
  const { t } = useTranslation("wizard");
  const { t: words } = useTranslation("batches");
  const may = useMay();
  const go = useNavigate();
  const queries = useQueryClient();
  const query = useQuery(preview(id));
  const launch = useMutation({
    mutationFn: () => api.POST("/api/batches/{batch_id}/launch", { ...at(id), body: { reason: "" } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["batches"] });
      await go(`/batches/${id}`);
    },
  });
  return (
    <div className="stack">
      <Alert
        type="success"
        showIcon
        title={t("look.made")}
        description={query.data?.now === 0 ? t("look.nobodyNow") : undefined}
        action={
          <Flex gap={8}>
            <Button onClick={() => void go(`/batches/${id}`)}>{t("look.later")}</Button>
            {may("batch.launch") && (
              <Button type="primary" loading={launch.isPending} onClick={() => launch.mutate()}>
                {t("look.launch")}
              </Button>
            )}
          </Flex>
        }
      />
      <RefusalAlert error={launch.error} />
      <Tabs
        items={[
          {
            key: "preview",
            label: words("tabs.preview"),
            children: <Loaded query={query}>{(found) => <PreviewShown found={found} />}</Loaded>,
          },
          { key: "whatIf", label: words("tabs.whatIf"), children: <WhatIf id={id} /> },
        ]}
      />
    </div>
  );
}
