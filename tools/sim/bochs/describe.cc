// SPDX-License-Identifier: GPL-2.0
/* What an instruction did, in the words of the cost model (pipeline.h). */
#include "machine.h"
#include "cpu/decoder/fetchdecode.h"

extern bxIAOpcodeTable BxOpcodesTable[];

struct naming {
	const char	*prefix;	/* of Bochs's name, after BX_IA_ */
	enum insn_kind	kind;
};

/* The first prefix that fits decides; without one it is INSN_PLAIN. */
static const struct naming namings[] = {
	{ "DIV",	INSN_DIV },	{ "IDIV",	INSN_DIV },
	{ "VDIV",	INSN_DIV },	{ "EVEX_VDIV",	INSN_DIV },
	{ "SQRT",	INSN_DIV },	{ "VSQRT",	INSN_DIV },
	{ "EVEX_VSQRT",	INSN_DIV },	{ "FDIV",	INSN_DIV },
	{ "FIDIV",	INSN_DIV },	{ "FSQRT",	INSN_DIV },

	{ "MUL_",	INSN_MUL },	{ "IMUL_",	INSN_MUL },
	{ "MULX",	INSN_MUL },	{ "CRC32",	INSN_MUL },

	{ "MUL",	INSN_FLOAT },	{ "VMUL",	INSN_FLOAT },
	{ "EVEX_VMUL",	INSN_FLOAT },	{ "PMUL",	INSN_FLOAT },
	{ "V128_VPMUL",	INSN_FLOAT },	{ "V256_VPMUL",	INSN_FLOAT },
	{ "EVEX_VPMUL",	INSN_FLOAT },	{ "VFM",	INSN_FLOAT },
	{ "EVEX_VFM",	INSN_FLOAT },	{ "FMUL",	INSN_FLOAT },
	{ "FIMUL",	INSN_FLOAT },	{ "ADDP",	INSN_FLOAT },
	{ "ADDS",	INSN_FLOAT },	{ "SUBP",	INSN_FLOAT },
	{ "SUBS",	INSN_FLOAT },	{ "VADD",	INSN_FLOAT },
	{ "VSUB",	INSN_FLOAT },	{ "FADD",	INSN_FLOAT },
	{ "FSUB",	INSN_FLOAT },	{ "CVT",	INSN_FLOAT },

	{ "XCHG",	INSN_COMPLEX },	{ "XADD",	INSN_COMPLEX },
	{ "CMPXCHG16B",	INSN_MICROCODED }, { "CMPXCHG",	INSN_COMPLEX },
	{ "LOOP",	INSN_COMPLEX },	{ "RCL",	INSN_COMPLEX },
	{ "RCR",	INSN_COMPLEX },

	{ "LFENCE",	INSN_FENCE },	{ "MFENCE",	INSN_FENCE },
	{ "SFENCE",	INSN_FENCE },	{ "SERIALIZE",	INSN_SERIALIZING },

	{ "CPUID",	INSN_SERIALIZING },	{ "RDMSR",	INSN_MICROCODED },
	{ "WRMSR",	INSN_SERIALIZING },	{ "RDPMC",	INSN_MICROCODED },
	{ "RDTSC",	INSN_MICROCODED },	{ "RDRAND",	INSN_MICROCODED },
	{ "RDSEED",	INSN_MICROCODED },	{ "INT",	INSN_MICROCODED },
	{ "IRET",	INSN_SERIALIZING },	{ "SYS",	INSN_MICROCODED },
	{ "MOV_CR",	INSN_SERIALIZING },	{ "MOV_RqCR",	INSN_MICROCODED },
	{ "MOV_DR",	INSN_SERIALIZING },	{ "MOV_DqRq",	INSN_SERIALIZING },
	{ "MOV_RqDq",	INSN_MICROCODED },	{ "MOV_SwEw",	INSN_MICROCODED },
	{ "LGDT",	INSN_SERIALIZING },	{ "LIDT",	INSN_SERIALIZING },
	{ "LLDT",	INSN_SERIALIZING },	{ "LTR",	INSN_SERIALIZING },
	{ "INVLPG",	INSN_SERIALIZING },	{ "INVPCID",	INSN_SERIALIZING },
	{ "INVEPT",	INSN_SERIALIZING },	{ "INVVPID",	INSN_SERIALIZING },
	{ "WBINVD",	INSN_SERIALIZING },	{ "XSAVE",	INSN_MICROCODED },
	{ "XRSTOR",	INSN_MICROCODED },	{ "FXSAVE",	INSN_MICROCODED },
	{ "FXRSTOR",	INSN_MICROCODED },	{ "IN_",	INSN_MICROCODED },
	{ "OUT_",	INSN_MICROCODED },	{ "HLT",	INSN_MICROCODED },
	{ "ENTER",	INSN_MICROCODED },	{ "PAUSE",	INSN_MICROCODED },
	{ "VMCALL",	INSN_MICROCODED },	{ "VMLAUNCH",	INSN_SERIALIZING },
	{ "VMRESUME",	INSN_SERIALIZING },	{ "VMREAD",	INSN_MICROCODED },
	{ "VMWRITE",	INSN_MICROCODED },	{ "VMCLEAR",	INSN_MICROCODED },
	{ "VMPTR",	INSN_MICROCODED },	{ "VMX",	INSN_MICROCODED },

	{ "MOV",	INSN_MOVE },	{ "POP_",	INSN_MOVE },
	{ "PUSH_",	INSN_MOVE },	{ "NOP",	INSN_MOVE },
	{ "PREFETCH",	INSN_MOVE },	{ "ENDBRANCH",	INSN_MOVE },
};

enum {
	RAX = 1 << BX_64BIT_REG_RAX,
	RCX = 1 << BX_64BIT_REG_RCX,
	RDX = 1 << BX_64BIT_REG_RDX,
};

/* Of an address without one: the encoding of the stack pointer. */
enum { NO_INDEX = BX_64BIT_REG_RSP };

/* What an instruction does with its operands. */
enum use {
	FIRST_READ	= 1 << 0,
	FIRST_WRITTEN	= 1 << 1,
	SECOND_READ	= 1 << 2,	/* and what comes after it */
	SECOND_WRITTEN	= 1 << 3,

	COMPARES	= FIRST_READ | SECOND_READ,
	WRITES		= FIRST_WRITTEN | SECOND_READ,
	UPDATES		= FIRST_READ | FIRST_WRITTEN | SECOND_READ,
	SWAPS		= UPDATES | SECOND_WRITTEN,
};

struct usage {
	const char	*prefix;
	unsigned int	use;
	Bit32u		reads;		/* registers that are no operands */
	Bit32u		writes;
};

/*
 * The first prefix that fits decides; without one, three operands are a result
 * and its sources, fewer are updated.  The stack pointer is in none of them: the
 * decoder keeps account of it.
 */
static const struct usage usages[] = {
	{ "MOV",	WRITES },	{ "LEA_",	WRITES },
	{ "POP_",	WRITES },	{ "PUSH",	COMPARES },
	{ "CALL",	COMPARES },	{ "JMP",	COMPARES },
	{ "CMOV",	UPDATES,	INSN_FLAGS },
	{ "SET",	WRITES,		INSN_FLAGS },
	{ "JCXZ",	COMPARES,	RCX },
	{ "JECXZ",	COMPARES,	RCX },
	{ "JRCXZ",	COMPARES,	RCX },
	{ "LOOP",	COMPARES,	RCX,		RCX },
	{ "J",		COMPARES,	INSN_FLAGS },
	{ "CDQE",	UPDATES,	RAX,		RAX },
	{ "CDQ",	UPDATES,	RAX,		RDX },
	{ "CQO",	UPDATES,	RAX,		RDX },
	{ "XCHG",	SWAPS },

	{ "XADD",	SWAPS,		0,		INSN_FLAGS },
	{ "CMPXCHG",	UPDATES,	RAX,		RAX | INSN_FLAGS },
	{ "CMP_",	COMPARES,	0,		INSN_FLAGS },
	{ "TEST_",	COMPARES,	0,		INSN_FLAGS },
	{ "BT_",	COMPARES,	0,		INSN_FLAGS },
	{ "BTS",	UPDATES,	0,		INSN_FLAGS },
	{ "BTR",	UPDATES,	0,		INSN_FLAGS },
	{ "BTC",	UPDATES,	0,		INSN_FLAGS },
	{ "BSF",	WRITES,		0,		INSN_FLAGS },
	{ "BSR",	WRITES,		0,		INSN_FLAGS },
	{ "TZCNT",	WRITES,		0,		INSN_FLAGS },
	{ "LZCNT",	WRITES,		0,		INSN_FLAGS },
	{ "POPCNT",	WRITES,		0,		INSN_FLAGS },
	{ "ANDN_",	WRITES,		0,		INSN_FLAGS },
	{ "ADC_",	UPDATES,	INSN_FLAGS,	INSN_FLAGS },
	{ "SBB_",	UPDATES,	INSN_FLAGS,	INSN_FLAGS },
	{ "RCL_",	UPDATES,	INSN_FLAGS,	INSN_FLAGS },
	{ "RCR_",	UPDATES,	INSN_FLAGS,	INSN_FLAGS },
	{ "ADD_",	UPDATES,	0,		INSN_FLAGS },
	{ "SUB_",	UPDATES,	0,		INSN_FLAGS },
	{ "AND_",	UPDATES,	0,		INSN_FLAGS },
	{ "OR_",	UPDATES,	0,		INSN_FLAGS },
	{ "XOR_",	UPDATES,	0,		INSN_FLAGS },
	{ "INC_",	UPDATES,	0,		INSN_FLAGS },
	{ "DEC_",	UPDATES,	0,		INSN_FLAGS },
	{ "NEG_",	UPDATES,	0,		INSN_FLAGS },
	{ "SHL",	UPDATES,	0,		INSN_FLAGS },
	{ "SHR",	UPDATES,	0,		INSN_FLAGS },
	{ "SAR_",	UPDATES,	0,		INSN_FLAGS },
	{ "ROL_",	UPDATES,	0,		INSN_FLAGS },
	{ "ROR_",	UPDATES,	0,		INSN_FLAGS },
	{ "DIV_",	UPDATES,	RDX,		RDX | INSN_FLAGS },
	{ "IDIV_",	UPDATES,	RDX,		RDX | INSN_FLAGS },
	{ "MUL_",	UPDATES,	0,		RDX | INSN_FLAGS },
	{ "IMUL_RAX",	UPDATES,	0,		RDX | INSN_FLAGS },
	{ "IMUL_EAX",	UPDATES,	0,		RDX | INSN_FLAGS },
};

/* Of each opcode; set up once. */
static struct {
	enum insn_kind	kind;
	bool		has_rm;		/* an operand that may be in memory */
	unsigned int	use;
	Bit32u		reads;
	Bit32u		writes;
} opcodes[BX_IA_LAST];

static bool starts_with(const char *name, const char *prefix)
{
	return !strncmp(name, prefix, strlen(prefix));
}

/* XOR of a register with itself and the like: a result without a source. */
static bool is_zero_idiom(const char *name)
{
	return strstr(name, "ZERO_IDIOM");
}

static enum insn_kind kind_of(const char *name)
{
	for (const struct naming &naming : namings)
		if (starts_with(name, naming.prefix))
			return naming.kind;
	return is_zero_idiom(name) ? INSN_MOVE : INSN_PLAIN;
}

static bool is_rm(unsigned int operand)
{
	return BX_DISASM_SRC_ORIGIN(operand) == BX_SRC_RM ||
	       BX_DISASM_SRC_ORIGIN(operand) == BX_SRC_VECTOR_RM;
}

static void set_usage(unsigned int op, const char *name)
{
	const Bit8u *operands = BxOpcodesTable[op].src;

	opcodes[op].use = operands[2] == OP_NONE ? UPDATES : WRITES;
	for (const struct usage &usage : usages) {
		if (!starts_with(name, usage.prefix))
			continue;
		opcodes[op].use = usage.use;
		opcodes[op].reads = usage.reads;
		opcodes[op].writes = usage.writes;
		break;
	}
	for (unsigned int n = 0; n < 4; n++)
		opcodes[op].has_rm |= is_rm(operands[n]);
	if (operands[1] == OP_CLReg)
		opcodes[op].reads |= RCX;
	if (is_zero_idiom(name))
		opcodes[op].use = FIRST_WRITTEN;
}

void describe_init(void)
{
	for (unsigned int op = 0; op < BX_IA_LAST; op++) {
		const char *name = get_bx_opcode_name(op) + strlen("BX_IA_");

		opcodes[op].kind = kind_of(name);
		set_usage(op, name);
	}
}

/* Bochs names them REP_MOVSB and so on with and without the prefix. */
static bool is_string(const bxInstruction_c *i)
{
	return starts_with(i->getIaOpcodeNameShort(), "REP_");
}

static bool is_gpr(unsigned int operand)
{
	switch (BX_DISASM_SRC_ORIGIN(operand)) {
	case BX_SRC_EAX:
	case BX_SRC_NNN:
	case BX_SRC_RM:
	case BX_SRC_VVV:
		return BX_DISASM_SRC_TYPE(operand) >= BX_GPR8 &&
		       BX_DISASM_SRC_TYPE(operand) <= BX_GPR64;
	default:
		return false;
	}
}

/* 0 for none that is tracked: memory has a register of Bochs's own here. */
static Bit32u mask_of(unsigned int reg)
{
	return reg < INSN_GPR_REGS ? 1U << reg : 0;
}

static Bit32u operand_mask(const bxInstruction_c *i, unsigned int n)
{
	unsigned int operand = BxOpcodesTable[i->getIaOpcode()].src[n];
	unsigned int reg = i->getSrcReg(n);

	if (!is_gpr(operand))
		return 0;
	/* AH, CH, DH, BH */
	if (BX_DISASM_SRC_TYPE(operand) == BX_GPR8 && !i->extend8bitL() &&
	    reg >= 4 && reg < 8)
		reg -= 4;
	return mask_of(reg);
}

static void describe_registers(struct insn *insn, const bxInstruction_c *i)
{
	unsigned int op = i->getIaOpcode();
	unsigned int use = opcodes[op].use;
	Bit32u first = operand_mask(i, 0);
	Bit32u second = operand_mask(i, 1);

	insn->reads = opcodes[op].reads;
	insn->writes = opcodes[op].writes;
	insn->addresses = 0;
	if (use & FIRST_READ)
		insn->reads |= first;
	if (use & FIRST_WRITTEN)
		insn->writes |= first;
	if (use & SECOND_READ)
		insn->reads |= second | operand_mask(i, 2);
	if (use & SECOND_WRITTEN)
		insn->writes |= second;
	if (!opcodes[op].has_rm || i->modC0())
		return;
	insn->addresses = mask_of(i->sibBase());
	if (i->sibIndex() != NO_INDEX)
		insn->addresses |= mask_of(i->sibIndex());
	/* LEA accesses nothing: the address itself is what it reads. */
	if (op == BX_IA_LEA_GqM || op == BX_IA_LEA_GdM)
		insn->reads |= insn->addresses;
}

void describe_start(struct vcpu *vcpu, const bxInstruction_c *i)
{
	const BX_CPU_C *cpu = BX_CPU(vcpu->id);
	struct insn *insn = &vcpu->insn;

	vcpu->describing = true;
	insn->rip = cpu->gen_reg[BX_64BIT_REG_RIP].rrx;
	insn->paddr = cpu->pAddrFetchPage | PAGE_OFFSET(insn->rip);
	insn->length = i->ilen();
	insn->kind = i->lockRepUsedValue() > 1 && is_string(i) ?
		     INSN_MICROCODED : opcodes[i->getIaOpcode()].kind;
	insn->branch = BRANCH_NONE;
	insn->taken = false;
	insn->target = 0;
	insn->nr_mem = 0;
	describe_registers(insn, i);
}

static void branch(unsigned cpu, enum insn_branch kind, bool taken, bx_address target)
{
	struct insn *insn = &vcpus[cpu].insn;

	insn->branch = kind;
	insn->taken = taken;
	insn->target = target;
	state_branch(&vcpus[cpu]);
}

void sim_cond_branch(unsigned cpu, bool taken, bx_address target)
{
	branch(cpu, BRANCH_COND, taken, target);
}

void sim_near_branch(unsigned cpu, unsigned what, bx_address target)
{
	switch (what) {
	case BX_INSTR_IS_RET:
		branch(cpu, BRANCH_RETURN, true, target);
		break;
	case BX_INSTR_IS_JMP_INDIRECT:
	case BX_INSTR_IS_CALL_INDIRECT:
		branch(cpu, BRANCH_INDIRECT, true, target);
		break;
	default:
		branch(cpu, BRANCH_DIRECT, true, target);
	}
}

void sim_memory(unsigned cpu, bx_phy_address paddr, unsigned rw)
{
	struct insn *insn = &vcpus[cpu].insn;

	if (rw == BX_EXECUTE || insn->nr_mem == INSN_MAX_MEM)
		return;
	insn->mem[insn->nr_mem].paddr = paddr;
	insn->mem[insn->nr_mem].read = rw == BX_READ || rw == BX_RW;
	insn->mem[insn->nr_mem].write = rw != BX_READ;
	insn->nr_mem++;
}

void sim_clflush(unsigned cpu, bx_phy_address paddr)
{
	memory_flush(&vcpus[cpu].pmu.pipe.mem, paddr);
}
