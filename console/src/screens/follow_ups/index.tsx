import { Segmented } from "antd";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";
import { Page } from "../../parts/page";
import { useMay } from "../../shell/session";
import { Cases } from "./cases";
import { FollowUps } from "./list";

const VIEWS = ["mine", "free", "everything", "cases"] as const;
export type View = (typeof VIEWS)[number];

/** What has to happen after calls: one's own, what anybody may take, and complaints that wait for an answer. */
export function Component() {
  const { t } = useTranslation("followUps");
  const may = useMay();
  const [search, setSearch] = useSearchParams();
  const shown = VIEWS.filter(
    (view) => (view !== "everything" || may("board.read")) && (view !== "cases" || may("case.read")),
  );
  const view = shown.find((each) => each === search.get("view")) ?? "mine";
  return (
    <Page
      title={t("title")}
      beside={
        <Segmented<View>
          value={view}
          options={shown.map((each) => ({ value: each, label: t(each) }))}
          onChange={(chosen) => setSearch({ view: chosen })}
        />
      }
    >
      {view === "cases" ? <Cases /> : <FollowUps key={view} view={view} />}
    </Page>
  );
}
