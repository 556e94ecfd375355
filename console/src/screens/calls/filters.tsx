import { useQuery } from "@tanstack/react-query";
import { Button, DatePicker, Flex, Input, InputNumber, Select, Space } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import { useMay } from "../../shell/session";
import { type LabelTable, useLabels } from "../../words";
import { batchNames } from "./queries";
import { days } from "./wanted";

type Change = (some: Record<string, string | readonly string[] | null>) => void;

/** Everything calls can be found by. Changes take effect at once; words when Enter is pressed. */
export function Filters({ address, change }: { address: URLSearchParams; change: Change }) {
  const { t } = useTranslation("calls");
  const may = useMay();
  const since = address.get("since");
  const until = address.get("until");
  return (
    <Flex wrap gap={8}>
      <Several name="outcome" of="outcome" placeholder={t("outcome")} address={address} change={change} />
      <Several name="intent" of="intent" placeholder={t("intent")} address={address} change={change} />
      <Several name="emotion" of="emotion" placeholder={t("emotion")} address={address} change={change} />
      <Several
        name="transfer_reason"
        of="transferReason"
        placeholder={t("transferReason")}
        address={address}
        change={change}
      />
      {may("batch.read") && <OneBatch address={address} change={change} />}
      <Input.Search
        key={`agent${address.get("agent")}`}
        allowClear
        style={{ width: 150 }}
        placeholder={t("agent")}
        aria-label={t("agent")}
        defaultValue={address.get("agent") ?? ""}
        onSearch={(agent) => change({ agent })}
      />
      <DatePicker.RangePicker
        style={{ width: 250 }}
        allowEmpty={[true, true]}
        placeholder={[t("from"), t("to")]}
        value={[since ? dayjs(since) : null, until ? dayjs(until).subtract(1, "day") : null]}
        onChange={(range) => change(days(range?.[0], range?.[1]))}
      />
      <Space.Compact>
        <Seconds name="longer_s" placeholder={t("longer")} address={address} change={change} />
        <Seconds name="shorter_s" placeholder={t("shorter")} address={address} change={change} />
      </Space.Compact>
      <Input.Search
        key={`words${address.get("words")}`}
        allowClear
        style={{ width: 220 }}
        placeholder={t("words")}
        aria-label={t("words")}
        defaultValue={address.get("words") ?? ""}
        onSearch={(words) => change({ words })}
      />
      {[...address.keys()].some((name) => name !== "page") && (
        <Button
          type="link"
          onClick={() => change(Object.fromEntries([...address.keys()].map((name) => [name, null])))}
        >
          {t("clear")}
        </Button>
      )}
    </Flex>
  );
}

type One = { address: URLSearchParams; change: Change };

function Several({
  name,
  of,
  placeholder,
  address,
  change,
}: One & { name: string; of: LabelTable; placeholder: string }) {
  const labels = useLabels()(of);
  return (
    <Select
      mode="multiple"
      allowClear
      maxTagCount="responsive"
      style={{ width: 156 }}
      placeholder={placeholder}
      aria-label={placeholder}
      optionFilterProp="label"
      value={address.getAll(name)}
      options={Object.entries(labels).map(([value, label]) => ({ value, label }))}
      onChange={(values) => change({ [name]: values })}
    />
  );
}

function OneBatch({ address, change }: One) {
  const { t } = useTranslation("calls");
  const batches = useQuery(batchNames);
  return (
    <Select
      allowClear
      showSearch
      style={{ width: 200 }}
      placeholder={t("batch")}
      aria-label={t("batch")}
      loading={batches.isPending}
      optionFilterProp="label"
      value={address.get("batch_id") ?? undefined}
      options={batches.data}
      onChange={(value) => change({ batch_id: value ?? null })}
    />
  );
}

function Seconds({ name, placeholder, address, change }: One & { name: string; placeholder: string }) {
  return (
    <InputNumber<number>
      min={0}
      max={86_400}
      precision={0}
      style={{ width: 110 }}
      placeholder={placeholder}
      aria-label={placeholder}
      value={address.get(name) ? Number(address.get(name)) : null}
      onChange={(value) => change({ [name]: value === null ? null : String(value) })}
    />
  );
}
