"""What an instruction of the incremental engine looks like: a row of int64.

A *row* of the scratch holds one element's difference in every lane of every replica: ``replicas *
width`` float64, one after the other. The lanes are the units of a panel; a replica is one point of
the scheme, of one panel. Row 0 is all zeros and stands for whatever does not move.

An operand is six columns: where in the tables its rows are listed, where the addresses of its base
values are listed, how far an address moves on from one sample, from one panel and from one lane to
the next (0: one base value for all lanes; 1: one per lane), and in the latter case its first slot.

While only some lanes run, the base values of these lanes are copied side by side into slots, one
for every list of base values that differ from lane to lane.
"""

from __future__ import annotations

# Kinds. COUNT is the number of result rows, or of groups where several rows make a group.
#     SEED          out = h * base, the seeds of a product with a parameter that moves by h
#     DIRECT        out = h, the parameter's own elements
#     SUM           out = sum of rows, each with a sign
#     SCALE         out = base * row
#     DENSE         a matrix product: every group has the same number of rows and of results
#     DENSE_LANED   the same where every lane has a matrix of its own
#     PRODUCT       out += sum of row * row
#     ELEMENT       an elementwise operation
#     EXTREME       maximum or minimum of every group
#     EXPAND        out = another row in every lane
#     CROSS_ENTROPY softmax cross entropy of every group
(
    SEED,
    DIRECT,
    SUM,
    SCALE,
    DENSE,
    DENSE_LANED,
    PRODUCT,
    ELEMENT,
    EXTREME,
    EXPAND,
    CROSS_ENTROPY,
) = range(11)

KIND, CODE, FORM, COUNT, OUT, ACCUMULATE = range(6)
# Of an operand.
ROWS, ADDRESSES, SAMPLE_STEP, PANEL_STEP, LANE_STEP, SLOT = range(6)
OPERAND_SIZE = 6
A = 6
B = A + OPERAND_SIZE
C = B + OPERAND_SIZE
# The coefficients of a form: an operand without rows, its arrays DELTA apart; their slots are as
# many apart as there are results.
K = C + OPERAND_SIZE
DELTA = K + OPERAND_SIZE
EXTRA = DELTA + 1
EXTRA_SIZE = 4
COLUMNS = EXTRA + EXTRA_SIZE

# The columns of each operand, spelled out: the compiler reads them faster than sums.
A_ROWS, A_ADDRESSES, A_SAMPLE_STEP, A_PANEL_STEP, A_LANE_STEP, A_SLOT = range(A, A + OPERAND_SIZE)
B_ROWS, B_ADDRESSES, B_SAMPLE_STEP, B_PANEL_STEP, B_LANE_STEP, B_SLOT = range(B, B + OPERAND_SIZE)
C_ROWS, C_ADDRESSES, C_SAMPLE_STEP, C_PANEL_STEP, C_LANE_STEP, C_SLOT = range(C, C + OPERAND_SIZE)
K_ROWS, K_ADDRESSES, K_SAMPLE_STEP, K_PANEL_STEP, K_LANE_STEP, K_SLOT = range(K, K + OPERAND_SIZE)

# Forms of ELEMENT for small steps, and their coefficients:
#     GENERAL   none: the exact rule for steps of any size
#     PICK      ka, kb, limit, margin: ka da + kb db
#     CHOOSE    kb, kc: kb db + kc dc, while da = 0
#     SERIES    slope, bend, limit: slope da (1 + bend da)
#     MULTIPLY  none: x dy + y dx + dx dy, for steps of any size
#     QUOTIENT  1 / y, x / y^2, limit: (da / y - x db / y^2) (1 - db / y)
#     SOFT      p, q, limit: p da + q db + p q (da - db)^2 / 2, the logarithm of a sum of exp
GENERAL, PICK, CHOOSE, SERIES, MULTIPLY, QUOTIENT, SOFT = range(7)
# How many coefficient arrays each has.
COEFFICIENTS = (0, 4, 2, 3, 0, 3, 3)

# Columns of the stages, see `fastcheck.engine.kernels.arguments.Route`.
BEFORE, SEEDED, SAMPLED, END, ALWAYS, LEAVING = range(6)

# A row has a multiple of this many places: LLVM's vector loops take four vectors of 8 at a time,
# and what is left over one by one.
ROW_GRAIN = 32

# What a member of a group may need: base value, difference, and two numbers more.
MEMBERS = 4

# What is noted of a lane, as bits: a switch lies between the points; the base point lies on a
# switch, or within rounding of it; a step was too large for a series.
CROSSED, NEAR, COARSE = 1, 2, 4
