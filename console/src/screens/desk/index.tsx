import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Page } from "../../parts/page";
import "./desk.css";
import { line, useDesk } from "./line";
import { ChoosePresence, PresenceIs } from "./presence_bar";
import { RingingCard } from "./ringing_card";
import { TalkingCard } from "./talking_card";
import { Troubles } from "./troubles";
import { WaitingCards } from "./waiting_cards";
import { WrapUpCard } from "./wrap_up_card";

/** The agent's desk: wait, read, answer, talk, write down. */
export function Component() {
  const { t } = useTranslation("shell");
  useEffect(() => line.open(), []);
  return (
    <Page title={t("menu.desk")} beside={<PresenceIs />} actions={<ChoosePresence />}>
      <Troubles />
      <Now />
    </Page>
  );
}

function Now() {
  const { ringing, talk, unwritten } = useDesk();
  if (ringing) return <RingingCard key={ringing.offer.id} ringing={ringing} />;
  if (talk) return <TalkingCard talk={talk} />;
  const [first] = unwritten;
  if (first) return <WrapUpCard key={first.offer.id} unwritten={first} more={unwritten.length - 1} />;
  return <WaitingCards />;
}
