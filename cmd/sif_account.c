/* sif-account: names of users and groups, asked of the name service (NSS), for
 * launches of users whom the files of this host do not have. Started by
 * runtime/account.c, not by people. */
#include "runtime/account.h"

int main(int argc, char **argv)
{
	return account_answer(argc, argv, getpwuid, getgrgid);
}
