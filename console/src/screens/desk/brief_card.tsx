import { CheckOutlined, CloseOutlined } from "@ant-design/icons";
import { Flex, Tag } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import type { Offer } from "../../audio/wire";
import { Clip } from "./clip";
import { useDeskWord } from "./words";

/** Fifteen seconds of reading: why, the customer's own words, what is settled, what may be given, how to behave. */
export function BriefCard({ offer }: { offer: Offer }) {
  const { t } = useTranslation("desk");
  const word = useDeskWord();
  const { brief } = offer;
  const answered = Object.entries(brief.answered);
  return (
    <div className="brief">
      <div className="brief-head">
        <h2>{brief.customer}</h2>
        <Tag color="purple">{word("reason", offer.reason)}</Tag>
        {brief.mood.map((mood, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a mood may come back
          <Tag key={index} color={index === brief.mood.length - 1 ? "magenta" : undefined}>
            {word("mood", mood)}
          </Tag>
        ))}
        <Link to={`/customers/${offer.customer_id}`}>{t("brief.customer")}</Link>
      </div>
      <p className="brief-why">{brief.summary || brief.why}</p>
      <Flex gap={12} align="center" className="brief-words">
        {brief.own_words_ms && <Clip offerId={offer.id} />}
        <figure>
          <figcaption className="soft">{t("brief.words")}</figcaption>
          <blockquote>{brief.own_words}</blockquote>
        </figure>
      </Flex>
      <div className="brief-grid">
        <Part title={t("brief.answered")} none={t("brief.answeredNone")} empty={!answered.length}>
          <dl className="facts">
            {answered.map(([name, value]) => (
              <div key={name} className="fact">
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </Part>
        <Part title={t("brief.promised")} none={t("brief.promisedNone")} empty={!brief.promised.length}>
          <Points points={brief.promised} />
        </Part>
        <Part title={t("brief.mayOffer")} none={t("brief.mayOfferNone")} empty={!brief.may_offer.length}>
          <Points points={brief.may_offer} />
        </Part>
      </div>
      <div className="brief-rules">
        <Rules title={t("brief.do")} rules={brief.do} kind="do" />
        <Rules title={t("brief.dont")} rules={brief.dont} kind="dont" />
      </div>
    </div>
  );
}

function Part({
  title,
  none,
  empty,
  children,
}: {
  title: string;
  none: string;
  empty: boolean;
  children: ReactNode;
}) {
  return (
    <section>
      <h3>{title}</h3>
      {empty ? <span className="soft">{none}</span> : children}
    </section>
  );
}

function Points({ points }: { points: string[] }) {
  return (
    <ul className="points">
      {points.map((point) => (
        <li key={point}>{point}</li>
      ))}
    </ul>
  );
}

function Rules({ title, rules, kind }: { title: string; rules: string[]; kind: "do" | "dont" }) {
  if (!rules.length) return null;
  return (
    <section className={`rules ${kind}`}>
      <h3>{title}</h3>
      <ul className="points">
        {rules.map((rule) => (
          <li key={rule}>
            {kind === "do" ? <CheckOutlined aria-hidden /> : <CloseOutlined aria-hidden />} {rule}
          </li>
        ))}
      </ul>
    </section>
  );
}
