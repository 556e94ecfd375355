import { InboxOutlined } from "@ant-design/icons";
import { useMutation } from "@tanstack/react-query";
import { Alert, Button, Input, Segmented, Select, Spin, Table, type TableColumnsType, Upload } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, data } from "../../../api/client";
import type { components } from "../../../api/schema";
import { Figure } from "../../../parts/figure";
import { useKnown } from "../../../parts/known";
import { Long } from "../../../parts/long";
import { RefusalAlert } from "../../../parts/refusal";
import type { Source, StagedList, Who } from "./plan";

type Wrong = components["schemas"]["RowProblemOut"];
const INDUSTRIES = ["ecommerce", "aesthetics", "education", "finance"];

/** A list, checked row by row before anybody of it is stored; or the base itself. */
export function People({ who, change, next }: { who: Who; change: (who: Who) => void; next: () => void }) {
  const { t } = useTranslation("wizard");
  return (
    <div className="stack">
      <Segmented<Source>
        style={{ justifySelf: "start" }}
        value={who.source}
        onChange={(source) => change({ ...who, source, segments: [] })}
        options={[
          { value: "upload", label: t("people.upload") },
          { value: "segment", label: t("people.segment") },
        ]}
      />
      {who.source === "segment" ? (
        <div>
          <Button type="primary" onClick={next}>
            {t("group.choose")}
          </Button>
        </div>
      ) : who.staged ? (
        <Checked who={who} staged={who.staged} change={change} next={next} />
      ) : (
        <HandIn checked={(staged) => change({ ...who, staged, taken: null, segments: [] })} />
      )}
    </div>
  );
}

function HandIn({ checked }: { checked: (staged: StagedList) => void }) {
  const { t } = useTranslation("wizard");
  const known = useKnown();
  const [industry, setIndustry] = useState("");
  const [brand, setBrand] = useState("");
  const send = useMutation({
    mutationFn: async (file: File) => {
      const form = new FormData();
      form.set("file", file);
      form.set("industry", industry);
      form.set("brand", brand.trim());
      return data(
        await api.POST("/api/lists", {
          body: form as never,
          bodySerializer: (body: unknown) => body as FormData,
        }),
      );
    },
    onSuccess: checked,
  });
  return (
    <div className="stack">
      <div className="line">
        <Select
          allowClear
          style={{ width: 260 }}
          placeholder={t("people.industry")}
          aria-label={t("people.industry")}
          value={industry || undefined}
          onChange={(value) => setIndustry(value ?? "")}
          options={INDUSTRIES.map((value) => ({ value, label: known("industry", value) }))}
        />
        <Input
          style={{ width: 260 }}
          placeholder={t("people.brand")}
          aria-label={t("people.brand")}
          maxLength={80}
          value={brand}
          onChange={(event) => setBrand(event.target.value)}
        />
      </div>
      <RefusalAlert error={send.error} title={send.error ? t("people.refused") : undefined} />
      <Spin spinning={send.isPending} description={t("people.checking")}>
        <Upload.Dragger
          accept=".csv,.jsonl"
          multiple={false}
          showUploadList={false}
          disabled={send.isPending}
          beforeUpload={(file) => {
            send.mutate(file);
            return false;
          }}
        >
          <p className="ant-upload-drag-icon">
            <InboxOutlined />
          </p>
          <p className="ant-upload-text">{t("people.drop")}</p>
          <p className="soft">{t("people.dropHint")}</p>
        </Upload.Dragger>
      </Spin>
    </div>
  );
}

function Checked({
  who,
  staged,
  change,
  next,
}: {
  who: Who;
  staged: StagedList;
  change: (who: Who) => void;
  next: () => void;
}) {
  const { t } = useTranslation("wizard");
  const take = useMutation({
    mutationFn: async () =>
      data(await api.POST("/api/lists/{list_id}/take-in", { params: { path: { list_id: staged.id } } })),
    onSuccess: (taken) => {
      change({ ...who, taken, segments: [] });
      next();
    },
  });
  return (
    <div className="stack">
      <div className="line">
        <b className="grow">
          <Long text={staged.name} />
        </b>
        <Button
          disabled={take.isPending}
          onClick={() => change({ ...who, staged: null, taken: null, segments: [] })}
        >
          {t("people.another")}
        </Button>
      </div>
      <div className="figures" style={{ maxWidth: 480 }}>
        <Figure name={t("people.rows")} value={staged.rows} />
        <Figure name={t("people.good")} value={staged.good} />
        <Figure name={t("people.bad")} value={staged.bad} />
      </div>
      <Told staged={staged} />
      {staged.warnings.map((each) => (
        <Alert key={each.message} type="error" showIcon title={each.message} description={each.hint} />
      ))}
      {staged.bad > 0 && <Problems staged={staged} />}
      <RefusalAlert error={take.error} />
      <div className="line">
        <Button
          type="primary"
          loading={take.isPending}
          disabled={!staged.good || staged.warnings.length > 0}
          onClick={() => (who.taken ? next() : take.mutate())}
        >
          {take.isPending ? t("people.taking") : t("people.use", { count: staged.good })}
        </Button>
      </div>
    </div>
  );
}

function Told({ staged }: { staged: StagedList }) {
  const { t } = useTranslation("wizard");
  if (!staged.good) return <Alert type="error" showIcon title={t("people.noneGood")} />;
  if (!staged.bad)
    return <Alert type="success" showIcon title={t("people.allGood", { count: staged.good })} />;
  return (
    <Alert
      type="warning"
      showIcon
      title={t("people.someBad", { bad: staged.bad, good: staged.good })}
      description={t("people.someBadHint")}
      action={
        <Button size="small" href={`/api/lists/${staged.id}/rejected.csv`} download>
          {t("people.download")}
        </Button>
      }
    />
  );
}

function Problems({ staged }: { staged: StagedList }) {
  const { t } = useTranslation("wizard");
  const columns: TableColumnsType<Wrong> = [
    { title: t("people.line"), dataIndex: "line", width: 72, align: "right" },
    { title: t("people.who"), width: 120, render: (_, each) => <Long text={each.who} /> },
    { title: t("people.column"), width: 150, render: (_, each) => <span lang="zh">{each.column}</span> },
    { title: t("people.what"), render: (_, each) => <span lang="zh">{each.what}</span> },
    { title: t("people.cure"), render: (_, each) => <span lang="zh">{each.cure}</span> },
  ];
  return (
    <>
      <Table<Wrong>
        size="small"
        rowKey={(each) => `${each.line}${each.column}${each.what}`}
        columns={columns}
        dataSource={staged.problems}
        pagination={{ pageSize: 10, hideOnSinglePage: true, showSizeChanger: false }}
        scroll={{ x: 720 }}
      />
      {staged.problems.length >= 500 && (
        <span className="soft">{t("people.firstShown", { count: staged.problems.length })}</span>
      )}
    </>
  );
}
