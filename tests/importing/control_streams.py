"""Control streams written for these tests, in the forms that people use."""

THEOPHYLLINE = """$PROBLEM Theophylline, by mouth
$INPUT ID TIME AMT DV WT
$DATA theophylline.csv IGNORE=@ IGNORE=(EXCL.EQ.1)
$SUBROUTINES ADVAN2 TRANS2
$PK
  KA = THETA(1)*EXP(ETA(1))
  CL = THETA(2)*(WT/70)**0.75*EXP(ETA(2))
  V  = THETA(3)*EXP(ETA(3))
  S2 = V
$ERROR
  IPRED = F
  Y = IPRED + IPRED*EPS(1) + EPS(2)
$THETA
  (0, 1.5) ; absorption rate (1/h)
  (0, 2.8) ; clearance (L/h)
  (0, 32)  ; volume (L)
$OMEGA 0.4 0.07 0.02
$SIGMA 0.02 0.1
$ESTIMATION METHOD=COND INTER
"""

PHENOBARBITAL = """$PROBLEM Phenobarbital in neonates
$INPUT ID TIME AMT WT APGR DV
$DATA phenobarbital.csv IGNORE=@
$SUBROUTINE ADVAN1 TRANS2
$PK
IF(AMT.GT.0) BTIME=TIME
TAD=TIME-BTIME
TVCL=THETA(1)*WT
TVV=THETA(2)*WT
IF(APGR.LT.5) TVV=TVV*(1+THETA(3))
CL=TVCL*EXP(ETA(1))
V=TVV*EXP(ETA(2))
S1=V
$ERROR
W=F
Y=F+W*EPS(1)
$THETA (0,0.0047) ; PTVCL
$THETA (0,0.99) ; PTVV
$THETA (-.99,.15)
$OMEGA 0.03 0.025
$SIGMA 0.013
$ESTIMATION METHOD=1 INTERACTION
"""

TWO_COMPARTMENTS = """$PROBLEM Two compartments, infusion
$INPUT ID TIME AMT RATE DV SEX
$DATA two.csv IGNORE=@
$SUBROUTINES ADVAN3 TRANS4
$PK
  TVCL = THETA(1)*(1+THETA(5)*SEX)
  MU_1 = LOG(TVCL)
  CL = EXP(MU_1+ETA(1))
  V1 = THETA(2)*EXP(ETA(2))
  Q  = THETA(3)
  V2 = THETA(4)
  S1 = V1/1000
$ERROR
  IPRED = F
  IF (IPRED.LE.0) IPRED=0.0001
  W = SQRT(THETA(6)**2 + (THETA(7)*IPRED)**2)
  IF (W.EQ.0) W=1
  IRES = DV-IPRED
  Y = IPRED + W*EPS(1)
$THETA (0, 5) (0, 20) (0, 3) (0, 40) 0.2 (0, 0.5) (0, 0.1)
$OMEGA BLOCK(2)
 0.09
 0.03 0.06
$SIGMA 1 FIX
"""

OCCASIONS = """$PROBLEM Variability between occasions, logged levels
$INPUT ID TIME AMT DV OCC
$DATA occasions.csv IGNORE=@
$SUBROUTINES ADVAN2 TRANS2
$PK
  IOVCL = 0
  IF (OCC.EQ.1) IOVCL = ETA(4)
  IF (OCC.EQ.2) IOVCL = ETA(5)
  KA = THETA(1)*EXP(ETA(1))
  CL = THETA(2)*EXP(ETA(2) + IOVCL)
  V  = THETA(3)+ETA(3)
  ALAG1 = THETA(4)
  F1 = THETA(5)
  S2 = V
$ERROR
  IPRED=-5
  IF (F.GT.0) IPRED = LOG(F)
  Y = IPRED + EPS(1)
$THETA (0, 1.5) (0, 2.8) (0,32) (0,0.3) 0.8 FIX
$OMEGA 0.4 0.07 16
$OMEGA BLOCK(1) 0.02
$OMEGA BLOCK(1) SAME
$SIGMA 0.02
"""

MICHAELIS_MENTEN = """$PROBLEM Saturable elimination
$INPUT ID TIME AMT CMT DV
$DATA saturable.csv IGNORE=@
$SUBROUTINES ADVAN13 TOL=9
$MODEL COMP=(DEPOT,DEFDOSE) COMP=(CENTRAL,DEFOBS)
$PK
  KA = THETA(1)
  VM = THETA(2)*EXP(ETA(1))
  KM = THETA(3)
  V  = THETA(4)*EXP(ETA(2))
  S2 = V
$DES
  CONC = A(2)/V
  DADT(1) = -KA*A(1)
  DADT(2) = KA*A(1) - VM*CONC/(KM+CONC)
$ERROR
  IPRED = A(2)/V
  Y = IPRED*(1+EPS(1))
$THETA (0, 0.8) (0, 12) (0, 2) (0, 20)
$OMEGA 0.0625 0.0625
$SIGMA 0.01
"""

RATE_CONSTANTS = """$PROBLEM Rate constants, a SD that adds
$INPUT ID TIME AMT DV
$DATA rates.csv IGNORE=@
$SUBROUTINES ADVAN5 TRANS1
$MODEL COMP=(DEPOT,DEFDOSE) COMP=(CENTRAL,DEFOBS) COMP=(PERI)
$PK
  K12 = THETA(1)
  K20 = THETA(2)*EXP(ETA(1))
  K23 = THETA(3)
  K32 = THETA(4)
  V   = THETA(5)*(1+ETA(2))
  S2  = V
$ERROR
  W = THETA(6)+THETA(7)*F
  Y = F + W*ERR(1)
$THETA (0, 1.5) (0, 0.1) (0, 0.2) (0, 0.3) (0, 20) (0, 0.1) (0, 0.15)
$OMEGA 0.1 0.05
$SIGMA 1 FIX
"""

REVERSED = """$PROBLEM The depot is the second compartment
$INPUT ID TIME AMT CMT DV
$DATA reversed.csv IGNORE=@
$SUBROUTINES ADVAN6 TOL=9
$MODEL COMP=(CENTRAL,DEFOBS) COMP=(GUT,DEFDOSE)
$PK
  KA = THETA(1)
  CL = THETA(2)*EXP(ETA(1))
  V  = THETA(3)
  S1 = V
$DES
  DADT(1) = KA*A(2) - CL/V*A(1)
  DADT(2) = -KA*A(2)
$ERROR
  Y = F*EXP(EPS(1))
$THETA (0, 1.2) (0, 3) (0, 25)
$OMEGA 0.1
$SIGMA 0.02
"""

TRANSIT = """$PROBLEM A chain of compartments, written as equations
$INPUT ID TIME AMT DV
$DATA chain.csv IGNORE=@
$SUBROUTINES ADVAN6 TOL=5
$MODEL COMP=(DEPOT) COMP=(TR1) COMP=(CENTRAL)
$PK
  KTR = THETA(1)
  CL  = THETA(2)*EXP(ETA(1))
  VC  = THETA(3)*EXP(ETA(2))
  V   = VC
  S3  = VC
$DES
  DADT(1) = -KTR*A(1)
  DADT(2) = KTR*A(1)-KTR*A(2)
  DADT(3) = KTR*A(2)-CL/V*A(3)
$ERROR
  Y = F+F*EPS(1)
$THETA (0, 2, 9) (0, 3) (0, 20)
$OMEGA 0.1 0.2
$SIGMA 0.1
"""

EXT = """TABLE NO.     1: First Order Conditional Estimation with Interaction
 ITERATION    THETA1       THETA2       THETA3       SIGMA(1,1)   SIGMA(2,1)   SIGMA(2,2)   OMEGA(1,1)   OMEGA(2,1)   OMEGA(2,2)   OMEGA(3,1)   OMEGA(3,2)   OMEGA(3,3)   OBJ
            0  1.5E+00      2.8E+00      3.2E+01      2.0E-02      0.0E+00      1.0E-01      4.0E-01      0.0E+00      7.0E-02      0.0E+00      0.0E+00      2.0E-02      120.0
  -1000000000  1.6E+00      2.75E+00     3.15E+01     1.8E-02      0.0E+00      9.0E-02      4.2E-01      0.0E+00      6.8E-02      0.0E+00      0.0E+00      1.9E-02      110.0
  -1000000001  1.6E-01      2.2E-01      1.575E+00    1.8E-03      1.0E+10      9.0E-03      1.26E-01     1.0E+10      2.04E-02     1.0E+10      1.0E+10      5.7E-03      0.0
"""  # noqa: E501
