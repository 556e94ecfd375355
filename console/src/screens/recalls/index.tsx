import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { Page } from "../../parts/page";
import { Loaded } from "../../parts/states";
import { Heard } from "./heard";
import { MakeRecall } from "./make";
import { Past } from "./past";
import { allRecalls } from "./queries";

/** What no call may say any more, and who had heard it already. */
export function Component() {
  const { t } = useTranslation("recalls");
  const go = useNavigate();
  const { id } = useParams();
  const query = useQuery(allRecalls);
  return (
    <Page title={t("title")}>
      <div className="stack">
        <MakeRecall made={(recall) => void go(`/recalls/${recall.id}`)} />
        <Loaded query={query}>
          {(recalls) => (
            <div className={recalls.length ? "columns halves" : "stack"}>
              <Past recalls={recalls} chosen={id ?? recalls[0]?.id} />
              {recalls[0] && <Heard id={id ?? recalls[0].id} />}
            </div>
          )}
        </Loaded>
      </div>
    </Page>
  );
}
