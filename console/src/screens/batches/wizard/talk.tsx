import { useQueries, useQuery } from "@tanstack/react-query";
import { Form, Input, Radio, Select, Tag } from "antd";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { useKnown } from "../../../parts/known";
import { Loaded } from "../../../parts/states";
import { Terms } from "./group";
import { type Fields, fitting, industriesOf, type Segment, type Who } from "./plan";
import { allFlows, allOffers, allSegments, peopleOf } from "./queries";

/** What is said and what may be offered. */
export function Talk({ who }: { who: Who }) {
  const flows = useQuery(allFlows);
  const offers = useQuery(allOffers);
  return (
    <Loaded query={flows}>
      {(all) => <Loaded query={offers}>{(sheet) => <Inside who={who} flows={all} offers={sheet} />}</Loaded>}
    </Loaded>
  );
}

type Data<T extends { queryFn?: unknown }> = T extends { queryFn?: (...args: never[]) => infer R }
  ? Awaited<R>
  : never;

function Inside({
  who,
  flows,
  offers,
}: {
  who: Who;
  flows: Data<typeof allFlows>;
  offers: Data<typeof allOffers>;
}) {
  const { t } = useTranslation("wizard");
  const { t: common } = useTranslation();
  const known = useKnown();
  const counted = useQueries({
    queries: (who.source === "segment" ? who.segments : []).map((name) => peopleOf(name)),
  });
  const industries = industriesOf(who, [
    ...new Set(counted.flatMap(({ data }) => Object.keys(data?.makeup.industries ?? {}))),
  ]);
  const possible = fitting(flows, industries);
  const holding = offers.filter(
    (offer) => offer.holds && (!industries.length || industries.includes(offer.industry)),
  );
  const flow = Form.useWatch<Fields["flow"]>("flow");
  const form = Form.useFormInstance<Fields>();
  const first = possible[0]?.name;
  useEffect(() => {
    if (first && !form.getFieldValue("flow")) form.setFieldValue("flow", first);
  }, [first, form]);
  const named = flows.find((each) => each.name === flow);
  return (
    <div className="columns halves">
      <div>
        <Form.Item
          name="name"
          label={t("talk.name")}
          rules={[{ required: true, whitespace: true, message: t("talk.nameMissing") }]}
        >
          <Input maxLength={80} showCount />
        </Form.Item>
        <Form.Item
          name="flow"
          label={t("talk.flow")}
          rules={[{ required: true, message: t("talk.flowMissing") }]}
          extra={
            named ? (
              <Link to={`/flows/${named.name}`} target="_blank">
                {t("talk.readFlow")}
              </Link>
            ) : (
              t("talk.flowHint")
            )
          }
        >
          <Select
            showSearch={{ optionFilterProp: "label" }}
            options={possible.map(({ name, title }) => ({
              value: name,
              label: common("behind", { text: title || t("talk.flowAll"), more: name }),
            }))}
          />
        </Form.Item>
        <Form.Item name="purpose" label={t("talk.purpose")}>
          <Radio.Group
            options={(["marketing", "service_followup"] as const).map((value) => ({
              value,
              label: known("purpose", value),
            }))}
          />
        </Form.Item>
        <Form.Item
          name="offers"
          label={t("talk.offers")}
          extra={holding.length ? t("talk.offersHint") : t("talk.noOffers")}
        >
          <Select
            mode="multiple"
            allowClear
            disabled={!holding.length}
            optionFilterProp="title"
            options={holding.map((offer) => ({
              value: offer.code,
              title: `${offer.title} ${offer.code}`,
              label: (
                <>
                  {offer.title} <span className="soft">{offer.code}</span>{" "}
                  {offer.valid_until && (
                    <span className="soft">{t("talk.until", { date: offer.valid_until })}</span>
                  )}{" "}
                  {offer.stock !== null && (
                    <span className="soft">{t("talk.stock", { count: offer.stock })}</span>
                  )}{" "}
                  {offer.compensation && <Tag>{t("talk.compensation")}</Tag>}
                </>
              ),
            }))}
          />
        </Form.Item>
      </div>
      <Strategies who={who} />
    </div>
  );
}

function Strategies({ who }: { who: Who }) {
  const { t } = useTranslation("wizard");
  const known = useKnown();
  const all = useQuery(allSegments);
  const shown: Segment[] = (all.data ?? []).filter(
    (each) => who.segments.includes(each.name) && Object.keys(each.terms).length,
  );
  if (!shown.length) return <div />;
  return (
    <div className="stack">
      <h2>{t("talk.strategyOf")}</h2>
      {shown.map((segment) => (
        <section key={segment.name}>
          <b>
            {segment.name} · {known("strategy", segment.strategy_name)}
          </b>
          <Terms segment={segment} />
        </section>
      ))}
    </div>
  );
}
