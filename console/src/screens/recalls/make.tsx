import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Card, Form, Input, Radio, Select } from "antd";
import { useTranslation } from "react-i18next";
import { api, data } from "../../api/client";
import { useKnown } from "../../parts/known";
import { RefusalAlert } from "../../parts/refusal";
import { allOffers } from "../batches/wizard/queries";
import type { Recall } from "./queries";

type Wish = { kind: "offer" | "line"; offer?: string; line?: string; why: string };

/** Takes an offer or a sentence from every running and every coming call. */
export function MakeRecall({ made }: { made: (recall: Recall) => void }) {
  const { t } = useTranslation("recalls");
  const { message, modal } = App.useApp();
  const queries = useQueryClient();
  const known = useKnown();
  const [form] = Form.useForm<Wish>();
  const kind = Form.useWatch("kind", form) ?? "offer";
  const offers = useQuery(allOffers);
  const inForce = offers.data?.filter((offer) => offer.holds) ?? [];
  const make = useMutation({
    mutationFn: async ({ kind, offer, line, why }: Wish) => {
      const value = (kind === "offer" ? offer : line?.trim()) ?? "";
      return data(await api.POST("/api/recalls", { body: { kind, value, why: why.trim() } }));
    },
    onSuccess: (recall) => {
      form.resetFields();
      void queries.invalidateQueries({ queryKey: ["recalls"] });
      void queries.invalidateQueries({ queryKey: ["offers"] });
      void message.success(t("done"));
      made(recall);
    },
  });

  const ask = (wish: Wish) => {
    const isOffer = wish.kind === "offer";
    const what = isOffer ? inForce.find((offer) => offer.code === wish.offer)?.title : wish.line?.trim();
    modal.confirm({
      title: t(isOffer ? "askOffer" : "askLine", { what }),
      content: t(isOffer ? "askAbout" : "askAboutLine"),
      okText: t("do"),
      okButtonProps: { danger: true },
      onOk: () => make.mutateAsync(wish).catch(() => undefined),
    });
  };

  return (
    <Card size="small">
      <p className="soft" style={{ marginTop: 0 }}>
        {t("about")}
      </p>
      <RefusalAlert error={make.error ?? offers.error} />
      <Form<Wish>
        form={form}
        layout="vertical"
        requiredMark={false}
        initialValues={{ kind: "offer", why: "" }}
        className="recall-form"
        onFinish={ask}
      >
        <Form.Item name="kind" label={t("kind")}>
          <Radio.Group
            optionType="button"
            options={[
              { value: "offer", label: t("kinds.offer") },
              { value: "line", label: t("kinds.line") },
            ]}
          />
        </Form.Item>
        {kind === "offer" ? (
          <Form.Item name="offer" label={t("offer")} rules={[{ required: true, message: t("offerMissing") }]}>
            <Select
              showSearch={{ optionFilterProp: "label" }}
              loading={offers.isPending}
              notFoundContent={t("noOffers")}
              options={inForce.map((offer) => ({
                value: offer.code,
                label: `${offer.title} · ${known("industry", offer.industry)} · ${offer.code}`,
              }))}
            />
          </Form.Item>
        ) : (
          <Form.Item
            name="line"
            label={t("line")}
            rules={[{ required: true, whitespace: true, min: 2, message: t("lineMissing") }]}
          >
            <Input maxLength={200} autoComplete="off" placeholder={t("lineHint")} />
          </Form.Item>
        )}
        <Form.Item
          name="why"
          label={t("why")}
          rules={[{ required: true, whitespace: true, message: t("whyMissing") }]}
        >
          <Input maxLength={200} autoComplete="off" />
        </Form.Item>
        <div className="recall-do">
          <Button danger type="primary" htmlType="submit" loading={make.isPending}>
            {t("do")}
          </Button>
        </div>
      </Form>
    </Card>
  );
}
