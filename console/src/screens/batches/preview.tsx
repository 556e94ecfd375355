import { useQuery } from "@tanstack/react-query";
import { DatePicker, Table, type TableColumnsType } from "antd";
import dayjs, { type Dayjs } from "dayjs";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { components } from "../../api/schema";
import { Figure } from "../../parts/figure";
import { Long } from "../../parts/long";
import { RuleBecause, RuleEnds, RuleTag } from "../../parts/rule";
import { Loaded } from "../../parts/states";
import { type Preview, preview, type Waiting } from "./queries";

type Example = components["schemas"]["ExampleOut"];

/** Who would be called now, who later, who never, and which one rule says so. */
export function PreviewOf({ id }: { id: string }) {
  const { t } = useTranslation("batches");
  const [moment, setMoment] = useState<Dayjs | null>(null);
  const query = useQuery(preview(id, moment?.toISOString()));
  return (
    <div className="stack">
      <div className="line">
        <span>{t("preview.at")}</span>
        <DatePicker
          showTime={{ format: "HH:mm" }}
          format="YYYY-MM-DD HH:mm"
          value={moment}
          placeholder={t("preview.now")}
          aria-label={t("preview.at")}
          minDate={dayjs()}
          onChange={setMoment}
        />
      </div>
      <Loaded query={query}>{(found) => <PreviewShown found={found} />}</Loaded>
    </div>
  );
}

export function PreviewShown({ found }: { found: Preview }) {
  const { t } = useTranslation("batches");
  const rows = [
    ...found.later.map((group) => ({ ...group, later: true })),
    ...found.never.map((group) => ({ ...group, later: false })),
  ];
  const columns: TableColumnsType<Waiting & { later: boolean }> = [
    {
      title: t("preview.when"),
      width: 60,
      render: (_, group) => (group.later ? t("preview.laterShort") : t("preview.neverShort")),
    },
    { title: t("preview.people"), width: 60, align: "right", render: (_, group) => group.count },
    {
      title: t("preview.rule"),
      render: (_, group) => (
        <>
          <RuleTag rule={group.rule} />
          <div className="soft">
            <RuleBecause rule={group.rule} because={group.because} />
          </div>
        </>
      ),
    },
    {
      title: t("preview.ends"),
      width: 140,
      render: (_, group) => <RuleEnds rule={group.rule} until={group.until} />,
    },
    { title: t("preview.examples"), width: 130, render: (_, group) => <People people={group.examples} /> },
  ];
  return (
    <div className="stack">
      <div className="figures">
        <Figure name={t("preview.nowCount")} value={found.now} />
        <Figure name={t("preview.laterCount")} value={found.later_count} hint={t("preview.laterHint")} />
        <Figure name={t("preview.neverCount")} value={found.never_count} hint={t("preview.neverHint")} />
      </div>
      {found.first.length > 0 && (
        <div>
          <span className="soft">{t("preview.first")}</span>
          <div className="line">
            {found.first.map((each) => (
              <Person key={each.customer_id} person={each} />
            ))}
          </div>
        </div>
      )}
      {rows.length > 0 && (
        <Table
          size="small"
          rowKey={(group) => `${group.rule}${group.later}`}
          columns={columns}
          dataSource={rows}
          pagination={false}
          scroll={{ x: 560 }}
        />
      )}
    </div>
  );
}

function People({ people }: { people: Example[] }) {
  return people.map((each) => (
    <div key={each.customer_id}>
      <Person person={each} />
    </div>
  ));
}

function Person({ person }: { person: Example }) {
  return (
    <Link to={`/customers/${person.customer_id}`} target="_blank">
      <Long text={person.name} max={96} />{" "}
      <span className="numbers soft">{person.phone_masked.slice(-4)}</span>
    </Link>
  );
}
