import { useQuery } from "@tanstack/react-query";
import { Card, Tag } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import { useKnown } from "../../parts/known";
import { Moment } from "../../parts/moment";
import { Page } from "../../parts/page";
import { Loaded, Nothing } from "../../parts/states";
import { useMay } from "../../shell/session";
import { useLanguage } from "../../words";
import { Aftermath } from "./aftermath";
import { BudgetGauge } from "./budget";
import { History } from "./history";
import { PermitAsked } from "./permit";
import { type Sheet, sheetOf } from "./queries";
import { Quiet } from "./quiet";
import { Reveal } from "./reveal";
import { withoutNumbers } from "./tag_rule";
import { zoneName } from "./zone";

/** All that is known of one customer, and whether they may be called. */
export function One({ id }: { id: string }) {
  const { t } = useTranslation("customers");
  const query = useQuery(sheetOf(id));
  const sheet = query.data;
  return (
    <Page title={sheet?.customer.name ?? t("one")} beside={sheet && <Marks sheet={sheet} />}>
      <Loaded query={query}>{(found) => <Shown sheet={found} />}</Loaded>
    </Page>
  );
}

function Marks({ sheet: { customer, do_not_contact } }: { sheet: Sheet }) {
  const { t } = useTranslation("customers");
  const scope = do_not_contact.some((each) => each.scope === "all") ? "all" : "voice";
  return (
    <>
      <Reveal id={customer.id} masked={customer.phone_masked} />
      {do_not_contact.length > 0 && <Tag color="error">{t("blocked", { scope: t(`scope.${scope}`) })}</Tag>}
      {!customer.number_valid && (
        <Tag color="error">
          {customer.number_note ? t("numberNote", { note: customer.number_note }) : t("invalidNumber")}
        </Tag>
      )}
    </>
  );
}

function Shown({ sheet }: { sheet: Sheet }) {
  const may = useMay();
  return (
    <div className="columns two">
      <div className="stack">
        <Quiet customer={sheet.customer} />
        <Aftermath sheet={sheet} />
        <History sheet={sheet} />
        <Tags sheet={sheet} />
      </div>
      <div className="stack">
        {may("permit.ask") && <PermitAsked customer={sheet.customer} />}
        <BudgetGauge id={sheet.customer.id} />
        <Profile sheet={sheet} />
        <Consents sheet={sheet} />
      </div>
    </div>
  );
}

function Profile({ sheet: { customer } }: { sheet: Sheet }) {
  const { t } = useTranslation("customers");
  const { t: common } = useTranslation();
  const language = useLanguage();
  const known = useKnown();
  const rows: [string, React.ReactNode][] = [
    [t("brand"), `${customer.brand} · ${known("industry", customer.industry)}`],
    [t("facts.external"), customer.external_id],
    [
      t("facts.gender"),
      customer.gender && t(`gender.${customer.gender as "男"}`, { defaultValue: customer.gender }),
    ],
    [t("facts.birthday"), customer.birthday],
    [t("region"), customer.region],
    [t("level"), customer.member_level],
    [t("facts.member"), customer.member_until],
    [t("facts.agent"), customer.named_agent],
    [t("facts.channel"), customer.preferred_channel && known("channel", customer.preferred_channel)],
    [t("facts.interests"), customer.interests.join(common("comma"))],
    [t("facts.zone"), zoneName(customer.timezone, language) ?? t("facts.zoneUnknown")],
    [t("facts.registered"), customer.registered_at && dayjs(customer.registered_at).format("YYYY-MM-DD")],
    [t("facts.enquiry"), customer.own_enquiry_at && <Moment at={customer.own_enquiry_at} />],
  ];
  return (
    <Card size="small" title={t("profile")}>
      <dl className="facts">
        {rows
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name} style={{ display: "contents" }}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </Card>
  );
}

function Consents({ sheet: { consents } }: { sheet: Sheet }) {
  const { t } = useTranslation("customers");
  const known = useKnown();
  return (
    <Card size="small" title={t("consents")}>
      {consents.length ? (
        <ul className="plain-list">
          {consents.map((each) => (
            <li key={`${each.purpose}${each.at}${each.granted}`}>
              <Tag color={each.granted ? "success" : "error"}>
                {t(each.granted ? "consent.granted" : "consent.withdrawn")}
              </Tag>
              {known("purpose", each.purpose)}
              <div className="soft">
                <Moment at={each.at} /> ·{" "}
                {[each.channel && known("channel", each.channel), each.text_version, each.evidence]
                  .filter(Boolean)
                  .join(" · ")}
              </div>
            </li>
          ))}
        </ul>
      ) : (
        <Nothing text={t("noConsents")} />
      )}
    </Card>
  );
}

function Tags({ sheet: { tags } }: { sheet: Sheet }) {
  const { t } = useTranslation("customers");
  return (
    <Card size="small" title={t("tags")}>
      {tags.length ? (
        <ul className="plain-list tags" lang="zh">
          {tags.map((tag) => (
            <li key={tag.name}>
              <Tag>{tag.value ? `${tag.name}：${tag.value}` : tag.name}</Tag>
              <div className="soft">{withoutNumbers(tag.rule)}</div>
            </li>
          ))}
        </ul>
      ) : (
        <Nothing text={t("noTags")} />
      )}
    </Card>
  );
}
