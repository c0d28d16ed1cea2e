// SPDX-License-Identifier: GPL-2.0
/* What an instruction did, in the words of the cost model (pipeline.h). */
#include "machine.h"

static unsigned char kinds[BX_IA_LAST];

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

	{ "MUL",	INSN_MUL },	{ "IMUL",	INSN_MUL },
	{ "VMUL",	INSN_MUL },	{ "EVEX_VMUL",	INSN_MUL },
	{ "PMUL",	INSN_MUL },	{ "V128_VPMUL",	INSN_MUL },
	{ "V256_VPMUL",	INSN_MUL },	{ "EVEX_VPMUL",	INSN_MUL },
	{ "VFM",	INSN_MUL },	{ "EVEX_VFM",	INSN_MUL },
	{ "FMUL",	INSN_MUL },	{ "FIMUL",	INSN_MUL },
	{ "CRC32",	INSN_MUL },

	{ "LFENCE",	INSN_FENCE },	{ "MFENCE",	INSN_FENCE },
	{ "SFENCE",	INSN_FENCE },	{ "SERIALIZE",	INSN_FENCE },

	{ "CPUID",	INSN_MICROCODED },	{ "RDMSR",	INSN_MICROCODED },
	{ "WRMSR",	INSN_MICROCODED },	{ "RDPMC",	INSN_MICROCODED },
	{ "RDTSC",	INSN_MICROCODED },	{ "RDRAND",	INSN_MICROCODED },
	{ "RDSEED",	INSN_MICROCODED },	{ "INT",	INSN_MICROCODED },
	{ "IRET",	INSN_MICROCODED },	{ "SYS",	INSN_MICROCODED },
	{ "MOV_CR",	INSN_MICROCODED },	{ "MOV_RqCR",	INSN_MICROCODED },
	{ "MOV_DR",	INSN_MICROCODED },	{ "MOV_DqRq",	INSN_MICROCODED },
	{ "MOV_RqDq",	INSN_MICROCODED },	{ "MOV_SwEw",	INSN_MICROCODED },
	{ "LGDT",	INSN_MICROCODED },	{ "LIDT",	INSN_MICROCODED },
	{ "LLDT",	INSN_MICROCODED },	{ "LTR",	INSN_MICROCODED },
	{ "INVLPG",	INSN_MICROCODED },	{ "INVPCID",	INSN_MICROCODED },
	{ "INVEPT",	INSN_MICROCODED },	{ "INVVPID",	INSN_MICROCODED },
	{ "WBINVD",	INSN_MICROCODED },	{ "XSAVE",	INSN_MICROCODED },
	{ "XRSTOR",	INSN_MICROCODED },	{ "FXSAVE",	INSN_MICROCODED },
	{ "FXRSTOR",	INSN_MICROCODED },	{ "IN_",	INSN_MICROCODED },
	{ "OUT_",	INSN_MICROCODED },	{ "HLT",	INSN_MICROCODED },
	{ "ENTER",	INSN_MICROCODED },	{ "CMPXCHG16B",	INSN_MICROCODED },
	{ "VMCALL",	INSN_MICROCODED },	{ "VMLAUNCH",	INSN_MICROCODED },
	{ "VMRESUME",	INSN_MICROCODED },	{ "VMREAD",	INSN_MICROCODED },
	{ "VMWRITE",	INSN_MICROCODED },	{ "VMCLEAR",	INSN_MICROCODED },
	{ "VMPTR",	INSN_MICROCODED },	{ "VMX",	INSN_MICROCODED },
};

static enum insn_kind kind_of(const char *name)
{
	for (const struct naming &naming : namings)
		if (!strncmp(name, naming.prefix, strlen(naming.prefix)))
			return naming.kind;
	return INSN_PLAIN;
}

void describe_init(void)
{
	for (unsigned int op = 0; op < BX_IA_LAST; op++)
		kinds[op] = kind_of(get_bx_opcode_name(op) + strlen("BX_IA_"));
}

/* Bochs names them REP_MOVSB and so on with and without the prefix. */
static bool is_string(const bxInstruction_c *i)
{
	return !strncmp(i->getIaOpcodeNameShort(), "REP_", strlen("REP_"));
}

void describe_start(struct vcpu *vcpu, const bxInstruction_c *i)
{
	vcpu->describing = true;
	vcpu->insn.rip = BX_CPU(vcpu->id)->gen_reg[BX_64BIT_REG_RIP].rrx;
	vcpu->insn.length = i->ilen();
	vcpu->insn.kind = i->lockRepUsedValue() > 1 && is_string(i) ?
			  INSN_MICROCODED : (enum insn_kind)kinds[i->getIaOpcode()];
	vcpu->insn.branch = BRANCH_NONE;
	vcpu->insn.taken = false;
	vcpu->insn.target = 0;
	vcpu->insn.nr_mem = 0;
}

static void branch(unsigned cpu, enum insn_branch kind, bool taken, bx_address target)
{
	struct insn *insn = &vcpus[cpu].insn;

	insn->branch = kind;
	insn->taken = taken;
	insn->target = target;
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
	insn->mem[insn->nr_mem].write = rw != BX_READ;
	insn->nr_mem++;
}

void sim_clflush(unsigned cpu, bx_phy_address paddr)
{
	pipeline_flush_line(&vcpus[cpu].pmu.pipe, paddr);
}
