import { useMutation } from "@tanstack/react-query";
import { Alert, App, Card } from "antd";
import { useTranslation } from "react-i18next";
import { csrfToken, refusalOf } from "../../api/client";
import type { WrapUp } from "../../audio/wire";
import { RefusalAlert } from "../../parts/refusal";
import { BriefCard } from "./brief_card";
import { line } from "./line";
import type { Unwritten } from "./state";
import { Transcript } from "./transcript";
import { useDeskWord } from "./words";
import { WrapUpForm } from "./wrap_up_form";

/** The conversation is over: how it ended, the form, and beside it what the form is about. */
export function WrapUpCard({ unwritten, more }: { unwritten: Unwritten; more: number }) {
  const { t } = useTranslation("desk");
  const { message } = App.useApp();
  const word = useDeskWord();
  const { offer, said, by } = unwritten;
  const send = useMutation({
    mutationFn: async ({ form }: { form: WrapUp; then: "available" | "break" }) => {
      if (!line.wrapUp(offer.id, form)) await put(offer.id, form);
    },
    onSuccess: (_, { then }) => {
      message.success(t("wrapUp.sent"));
      line.written(offer.id);
      if (then === "break") line.rest("休息");
      else void line.available();
    },
  });
  return (
    <div className="columns two">
      <div className="stack">
        <Card
          title={t("wrapUp.title")}
          extra={more > 0 && <span className="soft">{t("wrapUp.more", { count: more })}</span>}
        >
          <Alert
            type={by === "callee" || by === "agent" || by === "handed_back" ? "info" : "warning"}
            showIcon
            style={{ marginBottom: 16 }}
            title={t(`wrapUp.by.${by}`)}
            description={t("wrapUp.of", {
              customer: offer.brief.customer,
              reason: word("reason", offer.reason),
            })}
          />
          <RefusalAlert error={send.error} />
          <WrapUpForm
            answered={Object.keys(offer.brief.answered)}
            busy={send.isPending}
            send={(form, then) => send.mutate({ form, then })}
            later={() => line.written(offer.id)}
          />
        </Card>
        <Card title={t("brief.title")}>
          <BriefCard offer={offer} />
        </Card>
      </div>
      <Card title={t("transcript.title")} className="beside">
        <Transcript said={said} />
      </Card>
    </div>
  );
}

/** The way of a form while the connection is lost. Raises `ApiError`. */
async function put(offerId: string, form: WrapUp): Promise<void> {
  const answer = await fetch(`/api/desk/offers/${encodeURIComponent(offerId)}/wrap-up`, {
    method: "PUT",
    headers: {
      "Content-Type": "application/json",
      "X-CSRF-Token": csrfToken(),
      "Accept-Language": document.documentElement.lang,
    },
    body: JSON.stringify(form),
  });
  if (!answer.ok) throw await refusalOf(answer);
}
