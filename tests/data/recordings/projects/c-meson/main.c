#include <stdio.h>

static int weigh(const char *parcel) {
	return parcel[0];
}

int main(void) {
	int parcels = 3;
	printf("%s parcels\n", parcels);
	return 0;
}
