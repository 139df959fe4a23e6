"""What several test files of this folder use."""

from pathlib import Path

import bayesdose as bd

BAD_TABLES = Path(__file__).parent / "bad_tables"
HEADER = "ID,TIME,AMT,DV,EVID,MDV,WT,APGR\n"


def neonate_card():
    return bd.Card(
        drug="phenobarbital",
        source="a test",
        covariates=[
            bd.Covariate("WT", unit="kg", reference=1.3, range=(0.5, 5.0)),
            bd.Covariate("APGR", range=(1, 10)),
        ],
    )
