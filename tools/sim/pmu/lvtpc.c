// SPDX-License-Identifier: GPL-2.0
#include "include/tmavisor/pmu_arch.h"
#include "tools/sim/pmu/pmu.h"

/*
 * SMI, INIT and ExtINT are not simulated: a PMI that asks for one is lost, and
 * leaves the entry unmasked, which no software will take for delivery.
 */
enum pmi_delivery pmi_deliver(uint32_t *lvt, uint8_t *vector)
{
	uint32_t mode = *lvt & LVT_DELIVERY_MODE;

	if (*lvt & LVT_MASKED)
		return PMI_MASKED;
	if (mode != LVT_DELIVERY_FIXED && mode != LVT_DELIVERY_NMI)
		return PMI_MASKED;

	*lvt |= LVT_MASKED;
	if (mode == LVT_DELIVERY_NMI)
		return PMI_NMI;
	*vector = *lvt & LVT_VECTOR;
	return PMI_FIXED;
}
